import { MigrationInvalid, PreflightRefused } from "../errors.ts";
import type { Migration } from "../migration/schema.ts";
import { alarmsOk } from "./alarms-ok.ts";
import { runChecks, type Check, type CheckResult, type PreflightContext, type TableContext } from "./check.ts";
import { consumersDeclared } from "./consumers-declared.ts";
import { coolingPeriod } from "./cooling-period.ts";
import { flagExists } from "./flag-exists.ts";
import { foreignPartitions } from "./foreign-partitions.ts";
import { inheritance } from "./inheritance.ts";
import { privileges } from "./privileges.ts";
import { relationKind } from "./relation-kind.ts";
import { renameColumnChecks } from "./rename-column/rename-column.ts";
import { rowSecurity } from "./row-security.ts";
import { runName } from "./run-name.ts";
import { serverVersion } from "./server-version.ts";
import { soakLength } from "./soak-length.ts";
import { syncLeftovers } from "./sync-leftovers.ts";
import { tableFree } from "./table-free.ts";
import { tableSize } from "./table-size.ts";
import { triggerOrder } from "./trigger-order.ts";
import { validationSegments } from "./validation-segments.ts";

const RUN_CHECKS: readonly Check<PreflightContext>[] = [
  runName,
  flagExists,
  alarmsOk,
  tableFree,
  validationSegments,
  soakLength,
  coolingPeriod,
  consumersDeclared,
];

const TABLE_CHECKS: readonly Check<TableContext>[] = [
  tableSize,
  privileges,
  rowSecurity,
  inheritance,
  foreignPartitions,
  syncLeftovers,
  triggerOrder,
];

/** What an operation adds: the table that it is about, and its own checks once that is known to be one. */
interface OperationChecks {
  readonly table: { readonly schema: string; readonly name: string };
  readonly checks: (context: TableContext) => readonly CheckResult[];
}

/**
 * Runs every check that can be run: those of the table where there is one, those of a column where it is there. Pure.
 * Every refusal and warning is in the list, with an `ok` for each check that had nothing to say.
 *
 * @throws MigrationInvalid where this version does not implement the operation.
 */
export function runPreflight(context: PreflightContext): readonly CheckResult[] {
  const operation = operationChecks(context.migration);
  return [...databaseChecks(context, operation), ...runChecks(RUN_CHECKS, context)];
}

function databaseChecks(context: PreflightContext, operation: OperationChecks): readonly CheckResult[] {
  const server = serverVersion(context);
  // The catalog of a server that is too old has no table, which says nothing about the table.
  if (server.verdict === "refuse") return [server];
  const kind = relationKind(context, operation.table);
  const { table } = context.catalog;
  if (table?.kind !== "table" && table?.kind !== "partitioned table") return [server, ...kind];
  const tableContext: TableContext = { ...context, table };
  return [server, ...kind, ...runChecks(TABLE_CHECKS, tableContext), ...operation.checks(tableContext)];
}

function operationChecks({ migration, operation }: Migration): OperationChecks {
  const { rename_column } = operation;
  if (rename_column) {
    return { table: rename_column.table, checks: (context) => renameColumnChecks(context, rename_column) };
  }
  throw new MigrationInvalid({
    object: `migration "${migration}"`,
    problem: `asks for operation ${Object.keys(operation).join(", ")}, which this version does not implement`,
    remedy: "Use rename_column",
  });
}

/**
 * Turns refusals into one error that lists them all, so that a person mends everything in one go.
 *
 * @throws PreflightRefused where a result is a refusal.
 */
export function refuseIfAny(results: readonly CheckResult[], migration: string): void {
  const refusals = results.filter(({ verdict }) => verdict === "refuse");
  if (refusals.length === 0) return;
  const list = refusals.map(({ object, message, remedy }) => `\n- ${object} ${message}. ${remedy}`).join(".");
  throw new PreflightRefused({
    object: `migration "${migration}"`,
    problem: `is refused for ${refusals.length === 1 ? "one reason" : `${String(refusals.length)} reasons`}; nothing was touched${list}`,
    remedy: refusals.length === 1 ? "\nThen start it again" : "\nMend them, then start it again",
  });
}
