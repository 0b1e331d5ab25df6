import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { backfill } from "../../core/run/backfill.ts";
import type { beginRun } from "../../core/run/begin-run.ts";
import type { contract } from "../../core/run/contract.ts";
import type { cutover } from "../../core/run/cutover.ts";
import type { gate } from "../../core/run/gate.ts";
import type { coolingPhase, soakPhase } from "../../core/run/hold.ts";
import type { report } from "../../core/run/report.ts";
import type { claimRollback, recordRollback, returnTraffic, stopRun } from "../../core/run/rollback.ts";
import type { enterPhase } from "../../core/run/run.ts";
import type { shards } from "../../core/run/shards.ts";
import type { validate } from "../../core/run/validate.ts";
import type { verdict } from "../../core/run/verdict.ts";
import { type Handler, HANDLERS, pascalCase } from "../../lib/handlers.ts";

/**
 * The ports of a step, as its first parameter names them: the compiler fails here when a step asks for another port,
 * or for one less.
 */
type PortsOf<Step extends (ports: never, ...rest: never[]) => unknown> = Readonly<
  Record<Exclude<keyof Parameters<Step>[0], "clock">, true>
>;

/** `runTask` reads the plan for every step that works on a run. */
const plans = true;
const control = true;
const database = true;
const flags = true;
const alarms = true;
const notifier = true;
const executions = true;

const PORTS: Readonly<Record<(typeof HANDLERS)[number]["file"], Readonly<Record<string, true>>>> = {
  preflight: { control, database, flags, alarms, executions, plans } satisfies PortsOf<typeof beginRun>,
  expand: { plans, ...({ control, database } satisfies PortsOf<typeof enterPhase>) },
  shards: { plans, ...({ control, database } satisfies PortsOf<typeof shards>) },
  backfill: { plans, ...({ control, database } satisfies PortsOf<typeof backfill>) },
  // Its database goes to `applyNextStep`, its control to `requirePhase`: neither takes ports by name.
  indexes: { plans, control, database },
  validate: { plans, ...({ control, database } satisfies PortsOf<typeof validate>) },
  verdict: { plans, ...({ control, database } satisfies PortsOf<typeof verdict>) },
  gate: { plans, ...({ control, database, alarms } satisfies PortsOf<typeof gate>) },
  cutover: { plans, ...({ control, database, flags } satisfies PortsOf<typeof cutover>) },
  soak: { plans, ...({ control, database, alarms } satisfies PortsOf<typeof soakPhase>) },
  cooling: { plans, ...({ control, database, alarms } satisfies PortsOf<typeof coolingPhase>) },
  contract: { plans, ...({ control, database, flags } satisfies PortsOf<typeof contract>) },
  report: { plans, ...({ control, database, notifier } satisfies PortsOf<typeof report>) },
  "claim-rollback": { control } satisfies PortsOf<typeof claimRollback>,
  "stop-run": { executions } satisfies PortsOf<typeof stopRun>,
  "return-traffic": { flags } satisfies PortsOf<typeof returnTraffic>,
  "record-rollback": { plans, ...({ control, database, notifier } satisfies PortsOf<typeof recordRollback>) },
};

const PORT_OF_NEED = { operators: "notifier" } as const;

function portsOf({ needs }: Handler): readonly string[] {
  return needs
    .filter((need) => need !== "migrations")
    .map((need) => (need in PORT_OF_NEED ? PORT_OF_NEED[need as "operators"] : (need.split(":")[0] ?? "")))
    .sort();
}

describe("the table of handlers", () => {
  it.each(HANDLERS.map((handler) => [handler.file, handler] as const))(
    "gives %s the ports that its step asks for, and no other",
    (file, handler) => {
      expect(portsOf(handler)).toEqual(Object.keys(PORTS[file]).sort());
    },
  );

  it.each(HANDLERS.map(({ file }) => file))("has %s in lambdas/", (file) => {
    expect(existsSync(`lambdas/${file}.ts`)).toBe(true);
  });

  it("names constructs and states in PascalCase", () => {
    expect(pascalCase("claim-rollback")).toBe("ClaimRollback");
    expect(pascalCase("expand")).toBe("Expand");
  });
});
