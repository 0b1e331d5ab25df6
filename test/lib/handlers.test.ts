import { existsSync, readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { backfill } from "../../core/run/shards/backfill.ts";
import type { beginRun } from "../../core/run/begin-run.ts";
import type { claimContract } from "../../core/run/contract/claim-contract.ts";
import type { contract } from "../../core/run/contract/contract.ts";
import type { cutover } from "../../core/run/cutover.ts";
import type { decide } from "../../core/run/operator/decide.ts";
import type { gate } from "../../core/run/gate/ask-gate.ts";
import type { coolingPhase, soakPhase } from "../../core/run/gate/hold.ts";
import type { onAlarm } from "../../core/run/way-back/on-alarm.ts";
import type { pause, resume } from "../../core/run/operator/pause.ts";
import type { report } from "../../core/run/report.ts";
import type {
  claimRollback,
  recordRollback,
  returnTraffic,
  rollBackAgain,
  stopRun,
} from "../../core/run/way-back/rollback.ts";
import type { enterPhase } from "../../core/run/run.ts";
import type { shards } from "../../core/run/shards/shards.ts";
import type { standBy } from "../../core/run/standby.ts";
import type { start } from "../../core/run/operator/start.ts";
import type { claimUndo, recordUndo, undo } from "../../core/run/way-back/undo.ts";
import type { validate } from "../../core/run/shards/validate.ts";
import type { verdict } from "../../core/run/shards/verdict.ts";
import { ALARM_HANDLER, COMMAND_HANDLERS, type Handler, HANDLERS, pascalCase } from "../../lib/handlers.ts";

const ALL = [...HANDLERS, ALARM_HANDLER, ...COMMAND_HANDLERS];

/** Ports that no right is needed for: time, and a caller's own proof, which STS takes from anybody. */
type Free = "clock" | "callers";
/** Approvals are items of the control table. */
type Granted<Port> = Port extends "approvals" ? "control" : Port;

/**
 * The ports of a step, as its first parameter names them: the compiler fails here when a step asks for another port,
 * or for one less.
 */
type PortsOf<Step extends (ports: never, ...rest: never[]) => unknown> = Readonly<
  Record<Granted<Exclude<keyof Parameters<Step>[0], Free>>, true>
>;

/** `runTask` reads the plan for every step that works on a run. */
const plans = true;
const control = true;
const database = true;
const flags = true;
const alarms = true;
const metrics = true;
const standbys = true;
const notifier = true;
const executions = true;

const PORTS: Readonly<Record<(typeof ALL)[number]["file"], Readonly<Record<string, true>>>> = {
  preflight: { control, database, flags, alarms, metrics, executions, plans } satisfies PortsOf<typeof beginRun>,
  gate: { plans, ...({ control, database, alarms, metrics, notifier } satisfies PortsOf<typeof gate>) },
  standby: { plans, ...({ control, database, standbys } satisfies PortsOf<typeof standBy>) },
  expand: { plans, ...({ control, database } satisfies PortsOf<typeof enterPhase>) },
  shards: { plans, ...({ control, database } satisfies PortsOf<typeof shards>) },
  backfill: { plans, ...({ control, database } satisfies PortsOf<typeof backfill>) },
  // Its database goes to `applyNextStep`, its control to `requirePhase`: neither takes ports by name.
  indexes: { plans, control, database },
  validate: { plans, ...({ control, database } satisfies PortsOf<typeof validate>) },
  verdict: { plans, ...({ control, database } satisfies PortsOf<typeof verdict>) },
  cutover: { plans, ...({ control, database, flags } satisfies PortsOf<typeof cutover>) },
  soak: { plans, ...({ control, database, alarms } satisfies PortsOf<typeof soakPhase>) },
  cooling: { plans, ...({ control, database, alarms } satisfies PortsOf<typeof coolingPhase>) },
  "claim-contract": { plans, ...({ control, database, flags } satisfies PortsOf<typeof claimContract>) },
  contract: { plans, ...({ control, database, flags } satisfies PortsOf<typeof contract>) },
  report: { plans, ...({ control, database, notifier } satisfies PortsOf<typeof report>) },
  "roll-back-again": { executions } satisfies PortsOf<typeof rollBackAgain>,
  "claim-rollback": { control } satisfies PortsOf<typeof claimRollback>,
  "stop-run": { executions } satisfies PortsOf<typeof stopRun>,
  "return-traffic": { flags } satisfies PortsOf<typeof returnTraffic>,
  "record-rollback": { control, database, notifier } satisfies PortsOf<typeof recordRollback>,
  "claim-undo": { control, database, flags } satisfies PortsOf<typeof claimUndo>,
  undo: { control, database, flags, plans } satisfies PortsOf<typeof undo>,
  "record-undo": { control, database, notifier } satisfies PortsOf<typeof recordUndo>,
  "on-alarm": { control, executions, notifier } satisfies PortsOf<typeof onAlarm>,
  start: { control, executions } satisfies PortsOf<typeof start>,
  approve: { control, standbys } satisfies PortsOf<typeof decide>,
  reject: { control, standbys } satisfies PortsOf<typeof decide>,
  pause: { control } satisfies PortsOf<typeof pause>,
  resume: { control, standbys } satisfies PortsOf<typeof resume>,
};

/** Needs that are not named as their port is. */
const PORT_OF_NEED: Readonly<Record<string, string>> = {
  operators: "notifier",
  runs: "executions",
  rollbacks: "executions",
};

function portsOf({ needs }: Handler): readonly string[] {
  const ports = needs
    .filter((need) => need !== "migrations")
    .map((need) => need.split(":")[0] ?? "")
    .map((need) => PORT_OF_NEED[need] ?? need);
  return [...new Set(ports)].sort();
}

describe("the table of handlers", () => {
  it.each(ALL.map((handler) => [handler.file, handler] as const))(
    "gives %s the ports that its step asks for, and no other",
    (file, handler) => {
      expect(portsOf(handler)).toEqual(Object.keys(PORTS[file]).sort());
    },
  );

  it.each(ALL.map(({ file }) => file))("has %s in lambdas/", (file) => {
    expect(existsSync(`lambdas/${file}.ts`)).toBe(true);
  });

  it("has every handler that lambdas/ has", () => {
    const files = readdirSync("lambdas").filter((file) => file.endsWith(".ts"));
    expect(files.sort()).toEqual(ALL.map(({ file }) => `${file}.ts`).sort());
  });

  it("names constructs and states in PascalCase", () => {
    expect(pascalCase("claim-rollback")).toBe("ClaimRollback");
    expect(pascalCase("expand")).toBe("Expand");
  });
});
