import { existsSync, readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { requirePreflight } from "../../core/preflight/require-preflight.ts";
import type { backfill } from "../../core/run/shards/backfill.ts";
import type { beginRun } from "../../core/run/begin/begin-run.ts";
import type { claimContract } from "../../core/run/contract/claim-contract.ts";
import type { contract } from "../../core/run/contract/contract.ts";
import type { cutover } from "../../core/run/cutover.ts";
import type { decide } from "../../core/run/operator/decide.ts";
import type { gate } from "../../core/gates/gate.ts";
import type { coolingPhase, soakPhase } from "../../core/gates/soak.ts";
import type { onAlarm } from "../../core/run/rollback/on-alarm.ts";
import type { pause, resume } from "../../core/run/operator/pause.ts";
import type { report } from "../../core/run/report.ts";
import type {
  claimRollback,
  recordRollback,
  returnTraffic,
  rollBackAgain,
  stopRun,
} from "../../core/run/rollback/rollback.ts";
import type { enterPhase } from "../../core/run/run.ts";
import type { shards } from "../../core/run/shards/shards.ts";
import type { waitForCallback } from "../../core/run/wait-for-callback.ts";
import type { start } from "../../core/run/operator/start.ts";
import type { claimUndo, recordUndo, undo } from "../../core/run/rollback/undo.ts";
import type { validate } from "../../core/run/shards/validate.ts";
import type { judgeValidation } from "../../core/run/shards/validation-result.ts";
import { ALARM_HANDLER, COMMAND_HANDLERS, type Handler, HANDLERS, pascalCase } from "../../lib/handlers.ts";

const ALL = [...HANDLERS, ALARM_HANDLER, ...COMMAND_HANDLERS];

/** Ports that no right is needed for: time, and a caller's own proof, which STS takes from anybody. */
type Free = "clock" | "callers";
/** Approvals are items of the run registry. */
type Granted<Port> = Port extends "approvals" ? "registry" : Port;

/**
 * The ports of a step, as its first parameter names them: the compiler fails here when a step asks for another port,
 * or for one less.
 */
type PortsOf<Step extends (ports: never, ...rest: never[]) => unknown> = Readonly<
  Record<Granted<Exclude<keyof Parameters<Step>[0], Free>>, true>
>;

/** `runTask` reads the plan for every step that works on a run. */
const plans = true;
const registry = true;
const database = true;
const flags = true;
const alarms = true;
const metrics = true;
const callbacks = true;
const notifier = true;
const executions = true;

const PORTS: Readonly<Record<(typeof ALL)[number]["file"], Readonly<Record<string, true>>>> = {
  preflight: {
    ...({ registry, database, executions, plans } satisfies PortsOf<typeof beginRun>),
    ...({ registry, database, flags, alarms, metrics } satisfies PortsOf<typeof requirePreflight>),
  },
  gate: { plans, ...({ registry, database, alarms, metrics, notifier } satisfies PortsOf<typeof gate>) },
  "wait-for-callback": { plans, ...({ registry, database, callbacks } satisfies PortsOf<typeof waitForCallback>) },
  expand: { plans, ...({ registry, database } satisfies PortsOf<typeof enterPhase>) },
  shards: { plans, ...({ registry, database } satisfies PortsOf<typeof shards>) },
  backfill: { plans, ...({ registry, database } satisfies PortsOf<typeof backfill>) },
  // Its database goes to `applyNextStep`, its registry to `requirePhase`: neither takes ports by name.
  indexes: { plans, registry, database },
  validate: { plans, ...({ registry, database } satisfies PortsOf<typeof validate>) },
  "validation-result": { plans, ...({ registry, database } satisfies PortsOf<typeof judgeValidation>) },
  cutover: { plans, ...({ registry, database, flags } satisfies PortsOf<typeof cutover>) },
  soak: { plans, ...({ registry, database, alarms } satisfies PortsOf<typeof soakPhase>) },
  cooling: { plans, ...({ registry, database, alarms } satisfies PortsOf<typeof coolingPhase>) },
  "claim-contract": { plans, ...({ registry, database, flags } satisfies PortsOf<typeof claimContract>) },
  contract: { plans, ...({ registry, database, flags } satisfies PortsOf<typeof contract>) },
  report: { plans, ...({ registry, database, notifier } satisfies PortsOf<typeof report>) },
  "roll-back-again": { executions } satisfies PortsOf<typeof rollBackAgain>,
  "claim-rollback": { registry } satisfies PortsOf<typeof claimRollback>,
  "stop-run": { executions } satisfies PortsOf<typeof stopRun>,
  "return-traffic": { flags } satisfies PortsOf<typeof returnTraffic>,
  "record-rollback": { registry, database, notifier } satisfies PortsOf<typeof recordRollback>,
  "claim-undo": { registry, database, flags } satisfies PortsOf<typeof claimUndo>,
  undo: { registry, database, flags, plans } satisfies PortsOf<typeof undo>,
  "record-undo": { registry, database, notifier } satisfies PortsOf<typeof recordUndo>,
  "on-alarm": { registry, executions, notifier } satisfies PortsOf<typeof onAlarm>,
  start: { registry, executions } satisfies PortsOf<typeof start>,
  approve: { registry, callbacks } satisfies PortsOf<typeof decide>,
  reject: { registry, callbacks } satisfies PortsOf<typeof decide>,
  pause: { registry } satisfies PortsOf<typeof pause>,
  resume: { registry, callbacks } satisfies PortsOf<typeof resume>,
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
