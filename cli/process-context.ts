import { readFileSync } from "node:fs";
import { createInterface } from "node:readline/promises";
import { SystemClock } from "../adapters/clock.ts";
import type { ServiceOptions, Terminal } from "./cli-context.ts";
import { styleOf, wantsColour } from "./output/style.ts";
import type { RunCliProps } from "./run-cli.ts";
import type { Services } from "./services/services.ts";

const DEFAULT_WIDTH = 100;

/** The context of a real process: its terminal, its clock, its environment. */
export function processContext(): RunCliProps {
  const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
    readonly version: string;
  };
  const terminal = processTerminal();
  return {
    version,
    debug: process.env["SLUICE_DEBUG"] === "1",
    clock: new SystemClock(),
    terminal,
    services: (options) => services(options, terminal),
  };
}

function processTerminal(): Terminal {
  const { stdin, stdout, stderr, env } = process;
  const interactive = stdout.isTTY;
  return {
    write: (text) => void stdout.write(text),
    writeError: (text) => void stderr.write(text),
    interactive,
    layout: { style: styleOf(wantsColour(interactive, env)), width: interactive ? stdout.columns : DEFAULT_WIDTH },
    ask: stdin.isTTY && stderr.isTTY ? ask : undefined,
  };
}

async function ask(question: string): Promise<boolean> {
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await prompt.question(`${question} [y/N] `)).trim());
  } finally {
    prompt.close();
  }
}

/** Loaded when a command asks for it: `sluice plan --catalog` starts without the AWS SDK. */
async function services({ databaseConfig }: ServiceOptions, terminal: Terminal): Promise<Services> {
  // The SDK would tell every user of ours, at every command, which Node.js it wants in a year.
  process.env["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"] ??= "true";
  const local = await localStack(terminal);
  const { awsServices } = await import("./services/aws-services.ts");
  const configFile = databaseConfig ?? process.env["SLUICE_CONFIG"] ?? local?.configFile;
  return awsServices({ environment: process.env, configFile });
}

/** The local stack that runs in this folder, unless the environment already says where AWS is. */
async function localStack({ writeError, layout }: Terminal): Promise<{ readonly configFile: string } | undefined> {
  if (process.env["AWS_ENDPOINT_URL"] !== undefined) return undefined;
  const { readLocalState } = await import("../local/local-state.ts");
  const local = await readLocalState();
  if (local === undefined) return undefined;
  Object.assign(process.env, local.environment);
  writeError(`${layout.style.dim("· on the local stack that runs in this folder")}\n`);
  return local;
}
