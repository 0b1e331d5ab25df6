import type { Catalog } from "../catalog/catalog.ts";
import { readInactiveSlots, readOpenTransactions } from "../catalog/read-activity.ts";
import { rollbackAlarms } from "../migration/rollback-alarms.ts";
import type { Migration } from "../migration/schema.ts";
import type { Alarms, Clock, RunRegistry, Database, Flags, Metrics } from "../ports.ts";
import { tableKeys } from "../table-key.ts";
import type { LockedTable, PreflightContext } from "./check.ts";
import { probeMetrics } from "./probe-metrics.ts";
import { probePredicates } from "./probe-predicates.ts";
import { NOT_ASKED, reading } from "./reading.ts";

/** What the checks are about. */
export interface PreflightRequest {
  readonly migration: Migration;
  readonly catalog: Catalog;
  /** Undefined for a look ahead: no run is to begin yet. */
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
 * Reads all that the checks look at beside the catalog. It changes nothing, and fails for nothing: what cannot be read
 * is known as that to the check that it concerns.
 */
export async function gatherPreflight(ports: PreflightPorts, request: PreflightRequest): Promise<PreflightContext> {
  const [database, stack] = await Promise.all([gatherDatabase(ports, request), gatherStack(ports, request)]);
  return { ...request, ...database, ...stack };
}

type DatabaseReadings = Pick<PreflightContext, "predicates" | "transactions" | "slots">;
type StackReadings = Pick<PreflightContext, "flagExists" | "alarms" | "metrics" | "startedBy" | "holder">;

/** The half that the migrated database answers; one question after the other, so as to be no load. */
export async function gatherDatabase(
  { database, clock }: Pick<PreflightPorts, "database" | "clock">,
  { migration }: Pick<PreflightRequest, "migration">,
): Promise<DatabaseReadings> {
  return {
    transactions: await reading(() => readOpenTransactions(database)),
    slots: await reading(() => readInactiveSlots(database)),
    predicates: await probePredicates({ database, clock }, migration),
  };
}

/** `registry` undefined: a plan says nothing of who holds the table on the day of its start. */
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
    probeMetrics({ metrics, clock }, migration),
    runId === undefined || registry === undefined ? NOT_ASKED : reading(() => registry.initiator(runId)),
    runId === undefined && registry !== undefined ? reading(() => firstLocked(registry, migration)) : NOT_ASKED,
  ]);
  return { flagExists, alarms: states, metrics: probes, startedBy, holder };
}

/** For a plan against a saved catalog. */
export const DATABASE_NOT_ASKED: DatabaseReadings = { transactions: NOT_ASKED, slots: NOT_ASKED, predicates: [] };

/** For a plan before the stack is deployed. */
export const STACK_NOT_ASKED: StackReadings = {
  flagExists: NOT_ASKED,
  alarms: NOT_ASKED,
  metrics: [],
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
