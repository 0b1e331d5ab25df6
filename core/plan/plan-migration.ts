import type { Catalog, TableCatalog } from "../catalog/catalog.ts";
import { MigrationInvalid, NotFound } from "../errors.ts";
import { NOBODY, OLD_PATH, type Exposure, type FlagState } from "../flag.ts";
import { backfillTemplate, scanTemplate, type PairColumns } from "../ledger/batch.ts";
import { rollbackAlarms } from "../migration/rollback-alarms.ts";
import { migrationHash } from "../migration/migration-hash.ts";
import { GATES, type Migration } from "../migration/schema.ts";
import type { TableName } from "../operations/operation.ts";
import { migratedTable, operationsOf } from "../operations/migration-operations.ts";
import { pairColumns } from "../operations/toolkit/column-pair.ts";
import { contractSteps, expandSteps, undoSteps } from "./table-steps.ts";
import { literal } from "../sql/identifier.ts";
import { fragment, join, name, raw, type Raw } from "../sql/statement.ts";
import { canonicalHash } from "./canonical.ts";
import { estimate } from "./estimate.ts";
import { planGate } from "./plan-gate.ts";
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
  const table = plannedTable(migratedTable(migration), catalog.table);
  const operations = operationsOf(migration);
  const limits = { lockTimeoutMs: migration.locks.timeout, statementTimeoutMs: migration.locks.statement_timeout };
  const parts = operations.map((operation) => operation.plan({ table: table.catalog, limits }));
  const traffic = operations.some((operation) => operation.traffic);
  const pairs = parts.flatMap((part) => part.pairs).map(pairColumns);
  const body: Omit<Plan, "hash"> = {
    format: PLAN_FORMAT,
    migration: migration.migration,
    migrationHash: migrationHash(migration),
    description: migration.description,
    generation,
    database: migration.database,
    serverVersion: catalog.serverVersion,
    table: table.planned,
    operations: parts.map(({ summary }, index) => ({ name: operations[index]?.name ?? "", summary })),
    traffic,
    reversible: true,
    expand: expandSteps(parts, limits),
    backfill: {
      workers: migration.backfill.workers,
      shardBlocks: migration.backfill.shard_blocks,
      initialBatchBlocks: migration.backfill.batch.initial_blocks,
      batchTargetMs: migration.backfill.batch.target,
      sliceSeconds: seconds(migration.backfill.slice),
      leaseSeconds: LEASE_SECONDS,
      lockTimeoutMs: migration.locks.timeout,
      update: pairs.length === 0 ? "" : backfillTemplate(pairs),
    },
    indexes: parts.flatMap(({ indexes }) => indexes),
    validation: validation(migration, pairs, table.catalog),
    rollbackAlarms: {
      alarms: rollbackAlarms(migration),
      timeoutSeconds: seconds(migration.gates.timeout),
      pollSeconds: seconds(migration.gates.poll),
    },
    gates: GATES.map((gate) => planGate(migration, gate)),
    cutover: traffic ? cutover(migration) : [],
    soakSeconds: traffic ? seconds(migration.soak) : 0,
    coolingSeconds: traffic ? seconds(migration.contract.cooling) : 0,
    mirrors: parts.flatMap(({ mirrors }) => mirrors),
    contract: contractSteps(parts, limits),
    undo: undoSteps(parts, limits),
    lockRetry: { attempts: migration.locks.attempts, baseSeconds: 1, maxSeconds: 30 },
    estimates: estimate(table.planned, migration.backfill),
    notes: parts.flatMap(({ notes }) => notes),
  };
  return freeze({ ...body, hash: planHash(body) });
}

/** The hash that names a plan: SHA-256, hex, of the canonical JSON of everything but the hash. */
export function planHash({ hash: _, ...body }: Omit<Plan, "hash"> & { readonly hash?: string }): string {
  return canonicalHash(body);
}

/** Longer than the 45 s after which the Data API gives a batch up, so that a lease never ends under a live batch. */
const LEASE_SECONDS = 60;

function plannedTable(
  name: TableName,
  catalog: TableCatalog | undefined,
): { readonly planned: PlannedTable; readonly catalog: TableCatalog } {
  if (catalog?.kind === "table" || catalog?.kind === "partitioned table") {
    const { schema, name: table, kind, rows, bytes, blocks } = catalog;
    return { planned: { schema, name: table, kind, rows, bytes, blocks }, catalog };
  }
  throw new NotFound({
    object: `table "${name.schema}.${name.name}"`,
    problem: catalog ? `is a ${catalog.kind}, not a table` : "is not in the database",
    remedy: "Name an ordinary or a partitioned table",
  });
}

function validation(migration: Migration, pairs: readonly PairColumns[], table: TableCatalog): ValidationPlan {
  const { validate, locks } = migration;
  const segments = validate.segments.map((segment) => {
    const column = table.columns.find((candidate) => candidate.name === segment);
    if (!column?.hasEquality) {
      throw new MigrationInvalid({
        object: `validate.segments column "${segment}"`,
        problem: column ? `has type ${column.type}, which cannot be grouped by` : "is not a column of the table",
        remedy: "Name columns of the migrated table whose type has an equality operator",
      });
    }
    return fragment`t.${name(segment)}`;
  });
  const members = validate.segments.map((segment, index) => `${literal(segment)}, ${segments[index]?.text ?? ""}`);
  return {
    workers: validate.workers,
    shardBlocks: validate.shard_blocks,
    sliceSeconds: seconds(migration.backfill.slice),
    leaseSeconds: LEASE_SECONDS,
    lockTimeoutMs: locks.timeout,
    segments: validate.segments,
    maxDivergence: validate.max_divergence,
    ...(pairs.length === 0 ? { scan: "", differs: "" } : scans(pairs, { segments, members })),
  };
}

interface Segments {
  readonly segments: readonly Raw[];
  /** Name and value of each, for `jsonb_build_object`. */
  readonly members: readonly string[];
}

function scans(
  pairs: readonly PairColumns[],
  { segments, members }: Segments,
): Pick<ValidationPlan, "scan" | "differs"> {
  const anyDistinct = join(
    pairs.map(({ isDistinct }) => isDistinct),
    " OR ",
  );
  return {
    scan: scanTemplate({
      segments,
      segment: members.length === 0 ? raw("'{}'") : raw(`CAST(jsonb_build_object(${members.join(", ")}) AS text)`),
      pairs,
    }),
    differs: fragment`SELECT EXISTS (SELECT FROM ONLY {relation} AS t WHERE ${anyDistinct}) AS differs`.text,
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
