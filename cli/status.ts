import type { Command } from "commander";
import { NotFound } from "../core/errors.ts";
import type { RunRegistry, RunRecord } from "../core/ports.ts";
import type { CliContext } from "./cli-context.ts";
import { command, CONFIG_OPTION, JSON_OPTION } from "./command.ts";
import { EXIT } from "./exit-code.ts";
import { jsonText } from "./output/json-text.ts";
import { redrawn } from "./output/layout.ts";
import { runsText, statusLine, statusText } from "./output/status-text.ts";
import { isOpen, readRunView, type RunView } from "./run-view.ts";

interface StatusOptions {
  readonly watch?: true;
  readonly json?: true;
  readonly databaseConfig?: string;
}

const RUNS_LISTED = 20;
const WATCH_MS = 2_000;

/** `sluice status [RUN]` */
export function statusCommand(context: CliContext): Command {
  return command({
    name: "status",
    summary: "show the runs, or one run live",
    description:
      "Lists the newest runs, or shows one: its phase, how far the backfill and the validation are, rows a second, " +
      "time left, rows that differ, and what the run said last. With --watch until the run ends.",
    examples: [
      { line: "sluice status", meaning: "the newest runs" },
      { line: "sluice status friday", meaning: "one run" },
      { line: "sluice status --watch", meaning: "the newest run, live; ends with it: 0 done, 1 otherwise" },
      { line: "sluice status friday --watch --json", meaning: "one line of JSON a change, for a script" },
    ],
  })
    .argument("[run]", "name of the run (with --watch, the newest one where it is left out)")
    .option("--watch", "go on until the run ends")
    .option(...CONFIG_OPTION)
    .option(...JSON_OPTION)
    .action((run: string | undefined, options: StatusOptions) => status(context, run, options));
}

async function status(context: CliContext, name: string | undefined, options: StatusOptions): Promise<void> {
  const services = await context.services(options);
  const registry = await services.registry();
  if (name === undefined && !options.watch) {
    list(context, await registry.runs(RUNS_LISTED), options);
    return;
  }
  const run = await find(registry, name);
  const read = async (): Promise<RunView> => readRunView(services, (await registry.run(run.runId)) ?? run);
  if (options.watch) await watch(context, read, options);
  else show(context, await read(), options);
}

function list({ terminal, clock }: CliContext, runs: readonly RunRecord[], { json }: StatusOptions): void {
  terminal.write(json ? jsonText(runs) : runsText(runs, clock.now(), terminal.layout));
}

async function find(registry: RunRegistry, name: string | undefined): Promise<RunRecord> {
  const run = name === undefined ? (await registry.runs(1))[0] : await registry.run(name);
  if (run !== undefined) return run;
  throw new NotFound({
    object: name === undefined ? "a run" : `run "${name}"`,
    problem: "is not in the run registry",
    remedy: "sluice status lists the runs; one that pre-flight refused is in the Step Functions console only",
  });
}

function show({ terminal, clock }: CliContext, view: RunView, { json }: StatusOptions): void {
  terminal.write(json ? jsonText(view) : statusText(view, clock.now(), terminal.layout));
}

/** Looks again and again; writes over itself on a terminal, and line by line, where something changed, elsewhere. */
async function watch(context: CliContext, read: () => Promise<RunView>, { json }: StatusOptions): Promise<void> {
  const { terminal, clock } = context;
  let before = "";
  for (;;) {
    const view = await read();
    if (json || !terminal.interactive) {
      const line = json ? `${JSON.stringify(view)}\n` : `${statusLine(view)}\n`;
      if (line !== before) terminal.write(line);
      before = line;
    } else {
      const text = statusText(view, clock.now(), terminal.layout);
      terminal.write(redrawn(before, text, terminal.layout.width));
      before = text;
    }
    if (!isOpen(view)) {
      context.exit(view.run.phase === "done" ? EXIT.ok : EXIT.failed);
      return;
    }
    await clock.sleep(WATCH_MS);
  }
}
