/**
 * Every pre-flight check at one place: what runs, in which order, and a sentence on each for the reference.
 */
import { migratedTable } from "../operations/migration-operations.ts";
import { OPERATIONS } from "../operations/registry.ts";
import { alarmsOk } from "./checks/gates/alarms-ok.ts";
import { backfillPace } from "./checks/table/backfill-pace.ts";
import type { ListedCheck, PreflightContext, TableContext } from "./check.ts";
import { consumersDeclared } from "./checks/run/consumers-declared.ts";
import { coolingPeriod } from "./checks/run/cooling-period.ts";
import { executionLife } from "./checks/run/execution-life.ts";
import { flagExists } from "./checks/run/flag-exists.ts";
import { foreignPartitions } from "./checks/table/foreign-partitions.ts";
import { gateApproval } from "./checks/gates/gate-approval.ts";
import { gateDivergence } from "./checks/gates/gate-divergence.ts";
import { gateMetrics } from "./checks/gates/gate-metrics.ts";
import { gatePredicates } from "./checks/gates/gate-predicates.ts";
import { gateTimes } from "./checks/gates/gate-times.ts";
import { inheritance } from "./checks/table/inheritance.ts";
import { longTransactions } from "./checks/server/long-transactions.ts";
import { monitors } from "./checks/gates/monitors.ts";
import { pausePlan } from "./checks/run/pause-plan.ts";
import { privileges } from "./checks/table/privileges.ts";
import { relationKind } from "./checks/table/relation-kind.ts";
import { replicationSlots } from "./checks/server/replication-slots.ts";
import { rowSecurity } from "./checks/table/row-security.ts";
import { runName } from "./checks/run/run-name.ts";
import { serverVersion } from "./checks/server/server-version.ts";
import { sessionTimeouts } from "./checks/server/session-timeouts.ts";
import { soakLength } from "./checks/run/soak-length.ts";
import { syncLeftovers } from "./checks/table/sync-leftovers.ts";
import { tableFree } from "./checks/run/table-free.ts";
import { tableSize } from "./checks/table/table-size.ts";
import { triggerOrder } from "./checks/table/trigger-order.ts";
import { validationSegments } from "./checks/run/validation-segments.ts";
import { validationShards } from "./checks/table/validation-shards.ts";

/** What the migration says of the run as a whole. */
export const RUN_CHECKS: readonly ListedCheck<PreflightContext>[] = [
  {
    name: "run-name",
    refusesOrWarns: "Refuses a name of more characters than leave room for the name of its rollback.",
    check: runName,
  },
  {
    name: "flag-exists",
    refusesOrWarns: "Refuses a migration whose flag was never deployed.",
    check: flagExists,
  },
  {
    name: "table-free",
    refusesOrWarns: "Warns of a run that holds the table now; a start is refused while it lives.",
    check: tableFree,
  },
  {
    name: "execution-life",
    refusesOrWarns: "Refuses waits that together outlive an execution of Step Functions, which ends after a year.",
    check: executionLife,
  },
  {
    name: "soak-length",
    refusesOrWarns: "Warns of a soak that ends before an alarm could fire.",
    check: soakLength,
  },
  {
    name: "cooling-period",
    refusesOrWarns:
      "Warns of less than 7 days; refuses none at all, and less than a day on a table of more than 1 GiB.",
    check: coolingPeriod,
  },
  {
    name: "consumers-declared",
    refusesOrWarns: "Warns where nobody has said who reads the old column, and names the roles that may.",
    check: consumersDeclared,
  },
  {
    name: "validation-segments",
    refusesOrWarns: "Warns of a validation by total counts alone.",
    check: validationSegments,
  },
  {
    name: "pause-plan",
    refusesOrWarns: "Warns where nothing but a person would hold the run.",
    check: pausePlan,
  },
];

/** The server; where its version is refused, nothing is known of the table. */
export const SERVER_CHECKS: readonly ListedCheck<PreflightContext>[] = [
  {
    name: "server-version",
    refusesOrWarns: "Refuses PostgreSQL before 14; warns of one newer than Sluice knows.",
    check: serverVersion,
  },
  {
    name: "session-timeouts",
    refusesOrWarns:
      "Refuses timeouts of the role, the database or the server that would end a scan, or the build of an index.",
    check: sessionTimeouts,
  },
  {
    name: "long-transactions",
    refusesOrWarns: "Warns of a transaction that has been open for more than 5 minutes.",
    check: longTransactions,
  },
  {
    name: "replication-slots",
    refusesOrWarns: "Warns of a slot without a reader, which keeps all the WAL that the backfill writes.",
    check: replicationSlots,
  },
];

/** There is a table, and it is one. */
export const RELATION_KIND: ListedCheck<PreflightContext> = {
  name: "relation-kind",
  refusesOrWarns: "Refuses what is no ordinary or partitioned table of heap rows; warns of an unlogged one.",
  check: (context) => relationKind(context, migratedTable(context.migration)),
};

/** The table, once it is known to be one. */
export const TABLE_CHECKS: readonly ListedCheck<TableContext>[] = [
  {
    name: "table-size",
    refusesOrWarns: "Warns of a table that was never analysed.",
    check: tableSize,
  },
  {
    name: "privileges",
    refusesOrWarns: "Refuses a role that may not act as the owner of the table, or has no room for the ledger.",
    check: privileges,
  },
  {
    name: "row-security",
    refusesOrWarns: "Refuses policies that hide rows from the role.",
    check: rowSecurity,
  },
  {
    name: "inheritance",
    refusesOrWarns: "Refuses a partition, an inheritance child, and a table with such children.",
    check: inheritance,
  },
  {
    name: "foreign-partitions",
    refusesOrWarns: "Refuses partitions on another server.",
    check: foreignPartitions,
  },
  {
    name: "sync-leftovers",
    refusesOrWarns: "Refuses sync triggers of another migration's run.",
    check: syncLeftovers,
  },
  {
    name: "trigger-order",
    refusesOrWarns: "Refuses a BEFORE ROW trigger that would fire after the sync triggers.",
    check: triggerOrder,
  },
  {
    name: "validation-shards",
    refusesOrWarns:
      "Warns of shards of more than 256 MiB in the validation, and refuses those of 1 GiB: 45 s have to do for one.",
    check: validationShards,
  },
  {
    name: "backfill-pace",
    refusesOrWarns:
      "Warns of batches above 2 s, of too many workers, and of a table of more than 10 GiB, which has its peak hours.",
    check: backfillPace,
  },
];

/** What the run stops for. */
export const GATE_CHECKS: readonly ListedCheck<PreflightContext>[] = [
  {
    name: "alarms-ok",
    refusesOrWarns:
      "Refuses an alarm that is not OK, and a table of more than 1 GiB without any; warns of a smaller one.",
    check: alarmsOk,
  },
  {
    name: "monitors",
    refusesOrWarns: "Warns of more than 5 alarms, of which AppConfig watches the first five while a flag bakes.",
    check: monitors,
  },
  {
    name: "gate-predicates",
    refusesOrWarns:
      "Refuses a predicate that PostgreSQL does not take; warns of one that is slow or does not hold now.",
    check: gatePredicates,
  },
  {
    name: "gate-metrics",
    refusesOrWarns:
      "Refuses a metric that CloudWatch does not take, and one without data at the first gate; warns of none at a later one, and of one that would hold now.",
    check: gateMetrics,
  },
  {
    name: "gate-divergence",
    refusesOrWarns: "Refuses the divergence as a condition before there was a validation.",
    check: gateDivergence,
  },
  {
    name: "gate-times",
    refusesOrWarns: "Refuses a timeout that is over before an alarm has been OK for as long as the gate wants.",
    check: gateTimes,
  },
  {
    name: "gate-approval",
    refusesOrWarns: "Refuses a run that nobody is known to have started, where that person may not approve it.",
    check: gateApproval,
  },
];

/** What a check is about: `run`, `server`, `table`, an operation by its name, `gates`. */
export type CheckSection = string;

/** Every check, in the order in which they are shown, for the reference. */
export const CHECKS: readonly {
  readonly section: CheckSection;
  readonly name: string;
  readonly refusesOrWarns: string;
}[] = [
  ...listed("run", RUN_CHECKS),
  ...listed("server", SERVER_CHECKS),
  ...listed("table", [RELATION_KIND, ...TABLE_CHECKS]),
  ...OPERATIONS.flatMap(({ name, checks }) => listed(name, checks)),
  ...listed("gates", GATE_CHECKS),
];

type Described = Omit<ListedCheck<never>, "check">;

function listed(section: CheckSection, checks: readonly Described[]): (typeof CHECKS)[number][] {
  return checks.map(({ name, refusesOrWarns }) => ({ section, name, refusesOrWarns }));
}
