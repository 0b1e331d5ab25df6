import type { Catalog } from "../catalog/catalog.ts";
import { readInactiveSlots, readOpenTransactions } from "../catalog/read-activity.ts";
import { rollbackAlarms } from "../gates/rollback-alarms.ts";
import type { Migration } from "../migration/schema.ts";
import type { Alarms, Clock, RunRegistry, Database, Flags, Metrics } from "../ports.ts";
import { NOT_ASKED, reading } from "../reading.ts";
import { tableKeys } from "../table-key.ts";
import type { LockedTable, PreflightContext } from "./check.ts";
import { probeDatabase, probeStack } from "./probe-conditions.ts";

/** What the checks are about. */
export interface PreflightRequest {
  readonly migration: Migration;
  readonly catalog: Catalog;
  /** Undefined for a preflight without a run. */
  readonly runId: string | undefined;
  readonly resuming: boolean;
}

export interface PreflightPorts {
  readonly database: Database;
  readonly flags: Pick<Flags, "exists">;
  readonly alarms: Alarms;
  readonly metrics: Metrics;
  readonly registry: Pick<RunRegistry, "initiator" | "lockHolders">;
  readonly clock: Pick<Clock, "now">;
}

/**
 * Reads all that the checks need beside the catalog. It changes nothing and never fails: what cannot be read is handed
 * to its check as that.
 */
export async function gatherPreflight(ports: PreflightPorts, request: PreflightRequest): Promise<PreflightContext> {
  const [database, stack] = await Promise.all([gatherDatabase(ports, request), gatherStack(ports, request)]);
  return { ...request, ...joinReadings(database, stack) };
}

type DatabaseReadings = Pick<PreflightContext, "conditions" | "transactions" | "slots">;
type StackReadings = Pick<PreflightContext, "flagExists" | "alarms" | "conditions" | "startedBy" | "holder">;

/** Both halves know of conditions. */
export function joinReadings(
  database: DatabaseReadings,
  stack: StackReadings,
): Omit<PreflightContext, keyof PreflightRequest> {
  return { ...database, ...stack, conditions: [...database.conditions, ...stack.conditions] };
}

/** The half that the migrated database answers; one query after the other, to keep the load low. */
export async function gatherDatabase(
  { database, clock }: Pick<PreflightPorts, "database" | "clock">,
  { migration }: Pick<PreflightRequest, "migration">,
): Promise<DatabaseReadings> {
  return {
    transactions: await reading(() => readOpenTransactions(database)),
    slots: await reading(() => readInactiveSlots(database)),
    conditions: await probeDatabase({ database, clock }, migration),
  };
}

/** `registry` undefined: a plan does not tell which run holds the table when it is started. */
type StackPorts = Pick<PreflightPorts, "flags" | "alarms" | "metrics" | "clock"> & {
  readonly registry: PreflightPorts["registry"] | undefined;
};

/** The half that AWS answers. */
export async function gatherStack(
  { flags, alarms, metrics, registry, clock }: StackPorts,
  { migration, runId }: Pick<PreflightRequest, "migration" | "runId">,
): Promise<StackReadings> {
  const names = rollbackAlarms(migration);
  const [flagExists, states, probes, startedBy, holder] = await Promise.all([
    reading(() => flags.exists(migration.migration)),
    reading(async () => (names.length === 0 ? new Map() : alarms.states(names))),
    probeStack({ alarms, metrics, clock }, migration),
    runId === undefined || registry === undefined ? NOT_ASKED : reading(() => registry.initiator(runId)),
    runId === undefined && registry !== undefined ? reading(() => firstLocked(registry, migration)) : NOT_ASKED,
  ]);
  return { flagExists, alarms: states, conditions: probes, startedBy, holder };
}

/** For a plan against a saved catalog. */
export const DATABASE_NOT_ASKED: DatabaseReadings = { transactions: NOT_ASKED, slots: NOT_ASKED, conditions: [] };

/** For a plan before the stack is deployed. */
export const STACK_NOT_ASKED: StackReadings = {
  flagExists: NOT_ASKED,
  alarms: NOT_ASKED,
  conditions: [],
  startedBy: NOT_ASKED,
  holder: NOT_ASKED,
};

async function firstLocked(
  registry: Pick<RunRegistry, "lockHolders">,
  migration: Migration,
): Promise<LockedTable | undefined> {
  const [first] = await registry.lockHolders(tableKeys(migration));
  if (!first) return undefined;
  const [table, { runId, migration: other, phase }] = first;
  return { table, runId, migration: other, phase };
}
