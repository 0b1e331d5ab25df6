import type { Catalog, ColumnCatalog, TableCatalog } from "../catalog/catalog.ts";
import type { Migration } from "../migration/schema.ts";
import type { AlarmState, RunRecord } from "../ports.ts";

/** `refuse` stops the run before anything is touched; `warn` is for a person to weigh. */
export type Verdict = "ok" | "warn" | "refuse";

/** What one check found about one object: `object: message. remedy`. */
export interface CheckResult {
  /** The check, named as its file: `server-version`. */
  readonly check: string;
  readonly verdict: Verdict;
  /** The object, quoted as its owner would write it: `column "crm.contacts.lead_source"`. */
  readonly object: string;
  /** What is wrong with it, or that it is well. */
  readonly message: string;
  /** What to do; empty where nothing is. */
  readonly remedy: string;
}

/** All that the checks may look at; read before they start, so that they are pure. */
export interface PreflightContext {
  readonly migration: Migration;
  readonly catalog: Catalog;
  readonly runId: string;
  /** Whether an earlier run of this migration expanded the table: then the new column and our triggers are its own. */
  readonly resuming: boolean;
  readonly flagExists: boolean;
  /** The present state of each alarm of `gates.alarms`; one that is not in the map counts as missing. */
  readonly alarms: ReadonlyMap<string, AlarmState>;
  /** The run that holds the table now, where one does. */
  readonly holder?: RunRecord | undefined;
}

/** For checks of the table: it is there, and it is an ordinary or a partitioned table. */
export interface TableContext extends PreflightContext {
  readonly table: TableCatalog;
}

/** For checks of one column that a second one takes the place of. */
export interface ColumnContext extends TableContext {
  readonly source: ColumnCatalog;
  /** The new column's name. */
  readonly target: string;
}

/** A check: at least one result, `ok` where it has nothing to say. Pure. */
export type Check<Context> = (context: Context) => CheckResult | readonly CheckResult[];

/** Runs each check over the same context. */
export function runChecks<Context>(checks: readonly Check<Context>[], context: Context): readonly CheckResult[] {
  return checks.flatMap((check) => check(context));
}
