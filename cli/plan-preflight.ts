import type { Catalog } from "../core/catalog/catalog.ts";
import { openPlan, type OpenPlan } from "../core/ledger/run.ts";
import { migratedTable } from "../core/migration/migrated-table.ts";
import type { Migration } from "../core/migration/schema.ts";
import type { AlarmState } from "../core/ports.ts";
import type { CheckResult } from "../core/preflight/check.ts";
import { runPreflight } from "../core/preflight/run-preflight.ts";
import { catalogOfDatabase } from "./services/catalogs.ts";
import type { Services } from "./services/services.ts";

/** What pre-flight could be told. Against a snapshot that is the catalog alone. */
export interface Known {
  readonly catalog: Catalog;
  /** The plan that an earlier run of the migration began, and that a start would go on with. */
  readonly open?: OpenPlan | undefined;
  readonly stack?: StackKnown | undefined;
  /** Why the stack could not be asked. */
  readonly unread?: string | undefined;
}

interface StackKnown {
  readonly flagExists: boolean;
  readonly alarms: ReadonlyMap<string, AlarmState>;
}

/** Reads the database, which has to answer, and the stack, which may not be deployed yet. */
export async function knownOf(services: Services, migration: Migration): Promise<Known> {
  const database = await services.database(migration.database);
  const catalog = await catalogOfDatabase(database, migratedTable(migration));
  const open = catalog.ledger.exists ? await openPlan(database, migration.migration) : undefined;
  try {
    const [flagExists, alarms] = await Promise.all([
      services.flags().then((flags) => flags.exists(migration.migration)),
      services.alarms().states(migration.gates.alarms),
    ]);
    return { catalog, open, stack: { flagExists, alarms } };
  } catch (error) {
    return { catalog, open, unread: error instanceof Error ? error.message : String(error) };
  }
}

/** Checks that are about the stack, not the database. */
const STACK_CHECKS = new Set(["flag-exists", "alarms-ok"]);
/** Asked when a run starts, and not before: who holds the table now says nothing about then. */
const START_CHECKS = new Set(["table-free"]);

/** The checks of a start, as far as they can be told now; one that cannot be is left out, never passed. */
export function preflightOf(migration: Migration, { catalog, open, stack, unread }: Known): readonly CheckResult[] {
  const results = runPreflight({
    migration,
    catalog,
    runId: "",
    resuming: open !== undefined,
    flagExists: stack?.flagExists ?? true,
    alarms: stack?.alarms ?? new Map(migration.gates.alarms.map((alarm) => [alarm, "OK"])),
  });
  const told = results.filter(
    ({ check, verdict }) =>
      !START_CHECKS.has(check) && (stack !== undefined || verdict !== "ok" || !STACK_CHECKS.has(check)),
  );
  return [...told, ...resumed(migration, open), ...notAsked(unread)];
}

function resumed({ migration }: Migration, open: OpenPlan | undefined): readonly CheckResult[] {
  if (open === undefined) return [];
  const message = `was begun by run "${open.runId}"; a start goes on with its plan ${open.planHash}, not with this one`;
  return [{ check: "resuming", verdict: "warn", object: `migration "${migration}"`, message, remedy: "" }];
}

function notAsked(unread: string | undefined): readonly CheckResult[] {
  if (unread === undefined) return [];
  const message = `could not be asked for the flag and the alarms, which a start will check: ${unread}`;
  return [{ check: "stack", verdict: "warn", object: "the stack", message, remedy: "" }];
}
