import type { Catalog } from "../core/catalog/catalog.ts";
import { openPlan, type OpenPlan } from "../core/ledger/run.ts";
import { migratedTable } from "../core/operations/migration-operations.ts";
import type { Migration } from "../core/migration/schema.ts";
import type { CheckResult, PreflightContext } from "../core/preflight/check.ts";
import { DATABASE_NOT_ASKED, gatherDatabase, gatherStack, STACK_NOT_ASKED } from "../core/preflight/gather.ts";
import { problemOf } from "../core/preflight/reading.ts";
import { runPreflight } from "../core/preflight/run-preflight.ts";
import { catalogOfDatabase } from "./services/catalogs.ts";
import type { Services } from "./services/services.ts";

/** What the checks may read beside the migration and the catalog. */
type Readings = Omit<PreflightContext, "migration" | "catalog" | "runId" | "resuming">;

/** What pre-flight could be told. Against a snapshot that is the catalog alone. */
export interface Known {
  readonly catalog: Catalog;
  /** The plan that an earlier run of the migration began, and that a start would resume. */
  readonly open?: OpenPlan | undefined;
  /** What was asked of the world. @default nothing: a plan against a snapshot */
  readonly readings?: Readings | undefined;
  /** Why the stack could not be asked. */
  readonly unread?: string | undefined;
}

export interface KnownOptions {
  /**
   * A plan is made days before its start, and which run holds the table then cannot be known; preflight just before
   * the start asks for it. @default "plan"
   */
  readonly before?: "plan" | "start";
  /** @default the system's clock */
  readonly now?: () => Date;
}

/** Reads the database, which has to answer, and the stack, which may not be deployed yet. Changes nothing. */
export async function knownOf(
  services: Services,
  migration: Migration,
  { before = "plan", now = () => new Date() }: KnownOptions = {},
): Promise<Known> {
  const database = await services.database(migration.database);
  const catalog = await catalogOfDatabase(database, migratedTable(migration));
  const open = catalog.ledger.exists ? await openPlan(database, migration.migration) : undefined;
  const about = { catalog, open };
  const ofDatabase = await gatherDatabase({ database, clock: { now } }, { migration });
  try {
    const ofStack = await askStack(services, migration, { before, now });
    return { ...about, readings: { ...ofDatabase, ...ofStack } };
  } catch (error) {
    return { ...about, readings: { ...ofDatabase, ...STACK_NOT_ASKED }, unread: problemOf(error) };
  }
}

/** @throws NotFound where the stack is not deployed: then there is nothing to ask. */
async function askStack(
  services: Services,
  migration: Migration,
  { before, now }: Required<KnownOptions>,
): Promise<Awaited<ReturnType<typeof gatherStack>>> {
  const ports: Parameters<typeof gatherStack>[0] = {
    flags: await services.flags(),
    registry: before === "start" ? await services.registry() : undefined,
    alarms: services.alarms(),
    // Made only where a gate asks for one.
    metrics: { values: async (query, until) => services.metrics().values(query, until) },
    clock: { now },
  };
  return gatherStack(ports, { migration, runId: undefined });
}

/** The checks of a start, as far as they can be told now; one that cannot be is left out, never passed. */
export function preflightOf(migration: Migration, { catalog, open, readings, unread }: Known): readonly CheckResult[] {
  const results = runPreflight({
    ...(readings ?? { ...DATABASE_NOT_ASKED, ...STACK_NOT_ASKED }),
    migration,
    catalog,
    runId: undefined,
    resuming: open !== undefined,
  });
  return [...results, ...resumed(migration, open), ...notAsked(unread)];
}

function resumed({ migration }: Migration, open: OpenPlan | undefined): readonly CheckResult[] {
  if (open === undefined) return [];
  const message = `was begun by run "${open.runId}"; a start resumes its plan ${open.planHash}, not this one`;
  return [{ check: "resuming", verdict: "warn", object: `migration "${migration}"`, message, remedy: "" }];
}

function notAsked(unread: string | undefined): readonly CheckResult[] {
  if (unread === undefined) return [];
  const message = `could not be asked for the flag, the alarms and the metrics, which a start will check: ${unread}`;
  return [{ check: "stack", verdict: "warn", object: "the stack", message, remedy: "" }];
}
