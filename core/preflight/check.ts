import type { InactiveSlot, OpenTransactions } from "../catalog/activity.ts";
import type { Catalog, ColumnCatalog, TableCatalog } from "../catalog/catalog.ts";
import type { GateName, Migration } from "../migration/schema.ts";
import type { MetricCondition } from "../plan/plan.ts";
import type { AlarmReading, RunRecord } from "../ports.ts";
import type { Reading } from "./reading.ts";

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

/** All that the checks may look at; read before they start (`gather.ts`), so that they are pure. */
export interface PreflightContext {
  readonly migration: Migration;
  readonly catalog: Catalog;
  /** The run that is to begin; undefined for a look ahead (`sluice plan`, `sluice preflight`), which has none yet. */
  readonly runId: string | undefined;
  /** Whether an earlier run of this migration expanded the table: then the new column and our triggers are its own. */
  readonly resuming: boolean;
  readonly flagExists: Reading<boolean>;
  /** The present state of each rollback alarm; one that is not in the map counts as missing. */
  readonly alarms: Reading<ReadonlyMap<string, AlarmReading>>;
  /** Every predicate of every gate, evaluated now. */
  readonly predicates: readonly PredicateProbe[];
  /** Every metric of every gate, asked for now. */
  readonly metrics: readonly MetricProbe[];
  readonly transactions: Reading<OpenTransactions>;
  /** Replication slots that nobody reads from. */
  readonly slots: Reading<readonly InactiveSlot[]>;
  /** ARN of whoever started the run with `sluice start`; nobody is known for one that the console started. */
  readonly startedBy: Reading<string | undefined>;
  /** The first of its tables that a run has locked now, if any. A start asks by compare-and-set, and so not here. */
  readonly holder: Reading<LockedTable | undefined>;
}

/** A table (`database/schema.table`) of the migration, and the run that has it locked. */
export interface LockedTable extends Pick<RunRecord, "runId" | "migration" | "phase"> {
  readonly table: string;
}

/** One predicate of one gate, and what came of it. */
export interface PredicateProbe {
  readonly gate: GateName;
  /** As the migration calls it. */
  readonly name: string;
  readonly outcome: Reading<PredicateOutcome>;
}

/** `refused` by PostgreSQL: with its SQLSTATE and its words. */
export type PredicateOutcome =
  | { readonly kind: "value"; readonly value: boolean | null; readonly seconds: number }
  | { readonly kind: "refused"; readonly sqlState: string; readonly problem: string };

/** One metric of one gate, and what CloudWatch has of it. */
export interface MetricProbe {
  readonly gate: GateName;
  readonly condition: MetricCondition;
  readonly outcome: Reading<MetricOutcome>;
}

/** `refused`: CloudWatch cannot evaluate the query, or does not let us. */
export type MetricOutcome =
  | { readonly kind: "values"; readonly values: readonly number[] }
  | { readonly kind: "refused"; readonly problem: string };

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

/** A check: pure. `ok` where it has nothing to say, and no result at all where what it looks at was not asked for. */
export type Check<Context> = (context: Context) => CheckResult | readonly CheckResult[];

/** A check in the list of all, with what a person should know of it before it speaks. */
export interface ListedCheck<Context> {
  /** As its file and its results: `server-version`. */
  readonly name: string;
  /** What it refuses or warns of, for the reference. */
  readonly refusesOrWarns: string;
  readonly check: Check<Context>;
}

/** Runs each check over the same context. */
export function runChecks<Context>(checks: readonly ListedCheck<Context>[], context: Context): readonly CheckResult[] {
  return checks.flatMap(({ check }) => check(context));
}
