import type { Catalog, TableCatalog } from "../catalog/catalog.ts";
import { MigrationInvalid, NotFound } from "../errors.ts";
import { NOBODY, OLD_PATH, type Exposure, type FlagState } from "../flag.ts";
import { backfillTemplate, scanTemplate } from "../ledger/batch.ts";
import { rollbackAlarms } from "../gates/rollback-alarms.ts";
import { migrationHash } from "../migration/migration-hash.ts";
import { GATES } from "../gates/gate-names.ts";
import type { Migration } from "../migration/schema.ts";
import type { OperationPlan } from "../operations/operation.ts";
import { renameColumn } from "../operations/rename-column.ts";
import { literal } from "../sql/identifier.ts";
import { fragment, name, raw } from "../sql/statement.ts";
import { canonicalHash } from "./canonical.ts";
import { estimate } from "./estimate.ts";
import { planGate } from "../gates/gate-plan.ts";
import { seconds } from "./seconds.ts";
import { type CutoverStep, type Plan, PLAN_FORMAT, type PlannedTable, type ValidationPlan } from "./plan.ts";

/**
 * Makes the plan: pure, so the same migration on the same catalog gives the same hash anywhere.
 *
 * @param generation 1, and one more for each run of the migration that was carried to an end
 * @throws NotFound where the table or the column is not in the catalog; MigrationInvalid where the migration does not
 * fit it. Whether the plan is safe to run is for the pre-flight checks to say.
 */
export function planMigration(migration: Migration, catalog: Catalog, generation = 1): Plan {
  const operation = planOperation(migration, catalog);
  const table = plannedTable(operation, catalog.table);
  const body: Omit<Plan, "hash"> = {
    format: PLAN_FORMAT,
    migration: migration.migration,
    migrationHash: migrationHash(migration),
    description: migration.description,
    generation,
    database: migration.database,
    serverVersion: catalog.serverVersion,
    table,
    operation: { kind: operation.kind, summary: operation.summary },
    reversible: true,
    expand: operation.expand,
    backfill: {
      workers: migration.backfill.workers,
      shardBlocks: migration.backfill.shard_blocks,
      initialBatchBlocks: migration.backfill.batch.initial_blocks,
      batchTargetMs: migration.backfill.batch.target,
      sliceSeconds: seconds(migration.backfill.slice),
      leaseSeconds: LEASE_SECONDS,
      lockTimeoutMs: migration.locks.timeout,
      update: backfillTemplate(operation.pair),
    },
    indexes: operation.indexes,
    validation: validation(migration, operation, catalog.table),
    rollbackAlarms: {
      alarms: rollbackAlarms(migration),
      timeoutSeconds: seconds(migration.gates.timeout),
      pollSeconds: seconds(migration.gates.poll),
    },
    gates: GATES.map((gate) => planGate(migration, gate)),
    cutover: cutover(migration),
    soakSeconds: seconds(migration.soak),
    coolingSeconds: seconds(migration.contract.cooling),
    adds: operation.adds,
    removes: operation.removes,
    contract: operation.contract,
    undo: operation.undo,
    lockRetry: { attempts: migration.locks.attempts, baseSeconds: 1, maxSeconds: 30 },
    estimates: estimate(table, migration.backfill),
    notes: operation.notes,
  };
  return freeze({ ...body, hash: planHash(body) });
}

/** The hash that names a plan: SHA-256, hex, of the canonical JSON of everything but the hash. */
export function planHash({ hash: _, ...body }: Omit<Plan, "hash"> & { readonly hash?: string }): string {
  return canonicalHash(body);
}

/** Longer than the 45 s after which the Data API gives a batch up, so that a lease never ends under a live batch. */
const LEASE_SECONDS = 60;

function planOperation(migration: Migration, catalog: Catalog): OperationPlan {
  const { rename_column } = migration.operation;
  if (rename_column) return renameColumn(rename_column, { migration, catalog });
  throw new MigrationInvalid({
    object: `migration "${migration.migration}"`,
    problem: `asks for operation ${Object.keys(migration.operation).join(", ")}, which this version does not implement`,
    remedy: "Use rename_column",
  });
}

function plannedTable({ table }: OperationPlan, catalog: TableCatalog | undefined): PlannedTable {
  if (catalog?.kind === "table" || catalog?.kind === "partitioned table") {
    const { schema, name: table, kind, rows, bytes, blocks } = catalog;
    return { schema, name: table, kind, rows, bytes, blocks };
  }
  throw new NotFound({
    object: `table "${table.schema}.${table.name}"`,
    problem: catalog ? `is a ${catalog.kind}, not a table` : "is not in the database",
    remedy: "Name an ordinary or a partitioned table",
  });
}

function validation(migration: Migration, { pair }: OperationPlan, table: TableCatalog | undefined): ValidationPlan {
  const { validate, locks } = migration;
  const segments = validate.segments.map((segment) => {
    const column = table?.columns.find((candidate) => candidate.name === segment);
    if (!column?.hasEquality) {
      throw new MigrationInvalid({
        object: `validate.segments column "${segment}"`,
        problem: column ? `has type ${column.type}, which cannot be grouped by` : "is not a column of the table",
        remedy: "Name columns of the migrated table whose type has an equality operator",
      });
    }
    return fragment`t.${name(segment)}`;
  });
  const pairs = validate.segments.map((segment, index) => `${literal(segment)}, ${segments[index]?.text ?? ""}`);
  return {
    workers: validate.workers,
    shardBlocks: validate.shard_blocks,
    sliceSeconds: seconds(migration.backfill.slice),
    leaseSeconds: LEASE_SECONDS,
    lockTimeoutMs: locks.timeout,
    segments: validate.segments,
    maxDivergence: validate.max_divergence,
    scan: scanTemplate({
      segments,
      segment: pairs.length === 0 ? raw("'{}'") : raw(`CAST(jsonb_build_object(${pairs.join(", ")}) AS text)`),
      old: pair.old,
      new: pair.new,
      disagrees: pair.disagrees,
    }),
    differs: fragment`SELECT EXISTS (SELECT FROM ONLY {relation} AS t WHERE ${pair.disagrees}) AS differs`.text,
  };
}

function cutover({ cutover: { steps } }: Migration): readonly CutoverStep[] {
  let flag: FlagState = OLD_PATH;
  return steps.map((step, index) => {
    const before = flag[step.path];
    flag = { ...flag, [step.path]: widen(before, step) };
    const whom =
      step.percent !== undefined
        ? `${String(step.percent)} %`
        : step.tenants
          ? `tenants ${step.tenants.join(", ")}`
          : `regions ${(step.regions ?? []).join(", ")}`;
    return {
      id: `cutover-${String(index + 1)}`,
      title: `${step.path === "read" ? "Reads" : "Writes"} of ${whom} on the new path`,
      flag,
      soakSeconds: seconds(step.soak),
    };
  });
}

/** A step adds to what the steps before it opened; it takes nobody off. */
function widen(before: Exposure, step: Migration["cutover"]["steps"][number]): Exposure {
  return {
    percent: step.percent ?? before.percent,
    tenants: [...new Set([...before.tenants, ...(step.tenants ?? NOBODY.tenants)])],
    regions: [...new Set([...before.regions, ...(step.regions ?? NOBODY.regions)])],
  };
}

function freeze<T extends object>(value: T): T {
  for (const part of Object.values(value)) if (typeof part === "object" && part !== null) freeze(part as object);
  return Object.freeze(value);
}
