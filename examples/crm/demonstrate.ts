import { fileURLToPath } from "node:url";
import { awsServices } from "../../cli/services/aws-services.ts";
import type { Services } from "../../cli/services/services.ts";
import { StatementFailed } from "../../core/errors.ts";
import type { RunReport } from "../../core/run/report.ts";
import { orAbort, pause, untilAborted } from "../../local/interruption.ts";
import { Teardown, type LocalStack } from "../../local/stack.ts";
import { up } from "../../local/up.ts";
import { seedCrm, startCrm, untilHealthy, type CrmService } from "./crm-service.ts";
import { RUN_PHASES, wentWell, type DemoReport } from "./demo-report.ts";
import { connectFlag } from "./flag-router.ts";
import { lookAround } from "./look-around.ts";
import { progressLine, progressLines } from "./progress-view.ts";
import { reportText } from "./report-text.ts";
import { RunWatch, type RunView } from "./run-watch.ts";
import type { Screen } from "./screen.ts";
import { verifyTable } from "./verify-writes.ts";

export interface DemoOptions {
  /** Rows of crm.contacts. */
  readonly contacts: number;
  /** Requests a second. */
  readonly rate: number;
  /** Whether everything stays until Ctrl-C. */
  readonly keep: boolean;
  /** Whether the report goes to standard output as JSON. */
  readonly json: boolean;
  /** Where the local stack keeps its files. */
  readonly directory: string;
}

export interface DemonstrateProps extends DemoOptions {
  readonly screen: Screen;
  readonly signal: AbortSignal;
}

const MIGRATION = "contact-acquisition-channel";
const MIGRATIONS = fileURLToPath(new URL("../migrations", import.meta.url));
const DATABASE = "crm";
/** Connections, caches and the just-in-time compiler settle before anything is compared. */
const WARM_UP_MS = 3_000;
const BASELINE_MS = 8_000;
const AFTERWARDS_MS = 8_000;
const LOOK_MS = 400;

/**
 * The whole demonstration: stack up, data in, traffic on, one migration from preflight to contract, report.
 * Whatever it started is stopped when it returns or throws.
 *
 * @returns whether all went well.
 */
export async function demonstrate(props: DemonstrateProps): Promise<boolean> {
  const teardown = new Teardown();
  try {
    const stack = await up({
      directory: props.directory,
      migrations: MIGRATIONS,
      database: DATABASE,
      signal: props.signal,
      onStep: (step) => props.screen.say(props.screen.style.dim(`  ${step}`)),
    });
    teardown.add(() => stack.stop());
    // This process is a client of the stack like any other from here on.
    Object.assign(process.env, stack.state.environment);
    const signal = AbortSignal.any([props.signal, stack.stopRequested]);
    return await onStack({ ...props, signal, stack, teardown });
  } finally {
    await teardown.run();
  }
}

interface OnStack extends DemonstrateProps {
  readonly stack: LocalStack;
  readonly teardown: Teardown;
}

async function onStack(props: OnStack): Promise<boolean> {
  const { stack, screen, signal, teardown, rate, contacts } = props;
  const { connectionString } = stack;
  const services = awsServices({ environment: process.env, configFile: stack.state.configFile });
  screen.say(screen.style.dim(`  seeding ${contacts.toLocaleString("en-US")} contacts of 40 tenants`));
  await orAbort(seedCrm(connectionString, contacts), signal);
  const router = await connectFlag({ services, migration: MIGRATION, teardown });
  const crm = await orAbort(startCrm({ connectionString, router, rate, teardown }), signal);
  screen.say(screen.style.dim(`  application at ${String(rate)} requests/s, first without any migration`));
  await settle(crm, signal);
  const view = await runMigration({ ...props, services, crm });
  crm.app.latency.enterPhase("after");
  // After a run that failed, too: the rollback brings traffic back meanwhile.
  await pause(AFTERWARDS_MS, signal);
  await crm.app.pause();
  const report = await summarize({ ...props, crm, view });
  tell(report, props);
  if (props.keep) await keep(props, crm);
  return wentWell(report);
}

async function settle({ app }: CrmService, signal: AbortSignal): Promise<void> {
  await pause(WARM_UP_MS, signal);
  app.latency.enterPhase("before");
  await pause(BASELINE_MS, signal);
  await untilHealthy(signal);
}

interface RunMigration extends OnStack {
  readonly services: Services;
  readonly crm: CrmService;
}

/** Starts the execution as an operator does from the console, and follows it to its end. */
async function runMigration(props: RunMigration): Promise<RunView> {
  const { services, screen, signal } = props;
  const runId = `${MIGRATION}-${new Date().toISOString().replaceAll(/[-:]|\..*/g, "")}`;
  const input = { migration: MIGRATION };
  const { migrationArn } = await services.stack();
  const executionArn = await services.stateMachines().start({ stateMachineArn: migrationArn, name: runId, input });
  if (executionArn === undefined) throw notStarted(runId);
  screen.say(`\n${screen.style.bold(`  ${runId}`)}  StartExecution ${JSON.stringify(input)}\n`);
  props.crm.app.latency.enterPhase("preflight");
  const [registry, database] = [await services.registry(), await services.database(DATABASE)];
  const watch = new RunWatch({ services, registry, database, executionArn, runId });
  for (;;) {
    const view = await orAbort(watch.look(), signal);
    if (view.phase !== undefined) props.crm.app.latency.enterPhase(view.phase);
    show(props, view);
    if (view.execution.status !== "RUNNING") return view;
    await pause(LOOK_MS, signal);
  }
}

function show({ screen, crm: { app } }: RunMigration, run: RunView): void {
  const routed = app.takeRouted();
  const total = routed.old + routed.new;
  const view = {
    run,
    second: app.latency.seconds.at(-1),
    errors: app.latency.summary().errors,
    onNewPath: total === 0 ? 0 : routed.new / total,
  };
  const key = `${run.phase ?? ""} ${run.message ?? ""}`;
  screen.show(progressLines(view, screen.style), progressLine(view, screen.style), key);
}

interface Summarize extends OnStack {
  readonly crm: CrmService;
  readonly view: RunView;
}

async function summarize(props: Summarize): Promise<DemoReport> {
  const { crm, view, contacts, stack } = props;
  const { app, locks } = crm;
  const { execution } = view;
  const succeeded = execution.status === "SUCCEEDED";
  const writes = await orAbort(
    verifyTable({ connectionString: stack.connectionString, contacts: app.book.all, seeded: contacts }),
    props.signal,
  );
  return {
    migration: MIGRATION,
    succeeded,
    failure: succeeded
      ? undefined
      : `${execution.status} ${execution.failure?.name ?? ""} ${execution.failure?.message ?? ""}`,
    run: succeeded ? (execution.output as RunReport) : undefined,
    contacts,
    application: {
      all: app.latency.summary(),
      before: app.latency.summary(["before"]),
      during: app.latency.summary(RUN_PHASES),
      after: app.latency.summary(["after"]),
      byPhase: Object.fromEntries(app.latency.phases.map((phase) => [phase, app.latency.summary([phase])])),
      contradictions: app.contradictions,
      messages: [...app.messages],
    },
    locks: { longest: locks.longest, samples: locks.samples },
    writes,
  };
}

function tell(report: DemoReport, { screen, json }: DemonstrateProps): void {
  screen.say(`\n${reportText(report, screen.style)}`);
  if (json) process.stdout.write(`${JSON.stringify(report, undefined, 2)}\n`);
}

/** Traffic goes on, so that there is something to look at. */
async function keep({ stack, screen, signal }: OnStack, { app }: CrmService): Promise<void> {
  app.resume();
  screen.say(lookAround(stack, screen.style));
  await untilAborted(signal);
}

function notStarted(runId: string): StatementFailed {
  return new StatementFailed({
    object: `execution "${runId}"`,
    problem: "there is one of this name already",
    remedy: "Try again in a second",
  });
}
