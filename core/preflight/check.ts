import type { InactiveSlot, OpenTransactions } from "../catalog/activity.ts";
import type { Catalog, TableCatalog } from "../catalog/catalog.ts";
import type { ConditionProbe } from "../gates/conditions/condition.ts";
import type { Migration } from "../migration/schema.ts";
import type { AlarmReading, RunRecord } from "../ports.ts";
import type { Reading } from "../reading.ts";

/** `refuse` stops the run before anything is touched; `warn` is for the operator to weigh. */
export type Severity = "ok" | "warn" | "refuse";

/** What a check found about one object: `object: message. remedy`. */
export interface Finding {
  readonly severity: Severity;
  /** The object, quoted as its owner would write it: `column "crm.contacts.lead_source"`. */
  readonly object: string;
  /** What is wrong with it, or that nothing is. */
  readonly message: string;
  /** What to do; empty where nothing is. */
  readonly remedy: string;
}

/** A finding, with the check that it is from: `server-version`. */
export interface CheckResult extends Finding {
  readonly check: string;
}

/** All that the checks may read; gathered before they start (`gather.ts`), so that they are pure. */
export interface PreflightContext {
  readonly migration: Migration;
  readonly catalog: Catalog;
  /** The run that is to begin; undefined for `sluice plan` and `sluice preflight`, which have none yet. */
  readonly runId: string | undefined;
  /** Whether an earlier run of this migration expanded the table: then the new column and our triggers are its own. */
  readonly resuming: boolean;
  readonly flagExists: Reading<boolean>;
  /** The present state of each rollback alarm; one that is not in the map counts as missing. */
  readonly alarms: Reading<ReadonlyMap<string, AlarmReading>>;
  /** Every condition of every gate that can be asked about, asked about now. */
  readonly conditions: readonly ConditionProbe[];
  readonly transactions: Reading<OpenTransactions>;
  /** Replication slots without a reader. */
  readonly slots: Reading<readonly InactiveSlot[]>;
  /** ARN of the principal that ran `sluice start`; undefined for a run that was started in the console. */
  readonly startedBy: Reading<string | undefined>;
  /** The first of its tables that a run has locked now, if any. A start asks by compare-and-set, and so not here. */
  readonly holder: Reading<LockedTable | undefined>;
}

/** A table (`database/schema.table`) of the migration, and the run that has it locked. */
export interface LockedTable extends Pick<RunRecord, "runId" | "migration" | "phase"> {
  readonly table: string;
}

/** For checks of a relation that the migration names as a table, whether it is one or not. */
export interface RelationContext extends PreflightContext {
  /** As the migration names it. */
  readonly wanted: TableName;
  /** Undefined where the database has no relation of that name. */
  readonly relation: TableCatalog | undefined;
}

export type TableName = Pick<TableCatalog, "schema" | "name">;

/** For checks of one table: it is there, and it is an ordinary or a partitioned table. */
export interface TableContext extends PreflightContext {
  readonly table: TableCatalog;
}

/** What a check is about: `run`, `server`, `table`, an operation by its name, `gates`. */
export type CheckArea = string;

/** What a check's author writes: see `define-check.ts`. */
export interface CheckProps<Context> {
  /** As its file: `server-version`. */
  readonly name: string;
  /** What it refuses or warns of: a sentence for the reference. */
  readonly refusesOrWarns: string;
  /** Pure. `ok` where there is nothing to report, and no finding at all where what it reads was not asked for. */
  check(context: Context): Finding | readonly Finding[];
}

interface Definition<Context> extends CheckProps<Context> {
  readonly area: CheckArea;
}

/** Runs once, over the run, its server and its gates. */
export interface MigrationCheck extends Definition<PreflightContext> {
  readonly subject: "migration";
  /** Where it refuses, the catalog does not describe the tables, and their checks are left out. */
  readonly blocksTableChecks: boolean;
}

/** Runs for each relation that the migration names. */
export interface RelationCheck extends Definition<RelationContext> {
  readonly subject: "relation";
}

/** Runs for each relation that is a table. */
export interface TableCheck extends Definition<TableContext> {
  readonly subject: "table";
}

/** One check: all that the engine and the reference know of it. */
export type CheckDefinition = MigrationCheck | RelationCheck | TableCheck;
