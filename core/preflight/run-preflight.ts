import { MigrationInvalid, PreflightRefused } from "../errors.ts";
import type { Migration } from "../migration/schema.ts";
import { runChecks, type CheckResult, type PreflightContext, type TableContext } from "./check.ts";
import { GATE_CHECKS, RELATION_KIND, RUN_CHECKS, SERVER_CHECKS, TABLE_CHECKS } from "./checks.ts";
import { renameColumnChecks } from "./checks/rename-column/rename-column.ts";

/** An operation's own checks, once its table is known to be one. */
type OperationChecks = (context: TableContext) => readonly CheckResult[];

/**
 * Runs every check that can be run: those of the table where there is one, those of a column where it is there. Pure.
 * Every refusal and warning is in the list, with an `ok` for each check that had nothing to say; a check whose object
 * nobody was asked for is left out. In order: the run, the server, the table, the operation, the gates.
 *
 * @throws MigrationInvalid where this version does not implement the operation.
 */
export function runPreflight(context: PreflightContext): readonly CheckResult[] {
  const operation = operationChecks(context.migration);
  return [...runChecks(RUN_CHECKS, context), ...databaseChecks(context, operation), ...runChecks(GATE_CHECKS, context)];
}

function databaseChecks(context: PreflightContext, operation: OperationChecks): readonly CheckResult[] {
  const server = runChecks(SERVER_CHECKS, context);
  // The catalog of a server that is too old has no table, which says nothing about the table.
  if (server.some(({ check, severity }) => check === "server-version" && severity === "refuse")) return server;
  const kind = runChecks([RELATION_KIND], context);
  const { table } = context.catalog;
  if (table?.kind !== "table" && table?.kind !== "partitioned table") return [...server, ...kind];
  const tableContext: TableContext = { ...context, table };
  return [...server, ...kind, ...runChecks(TABLE_CHECKS, tableContext), ...operation(tableContext)];
}

function operationChecks({ migration, operation }: Migration): OperationChecks {
  const { rename_column } = operation;
  if (rename_column) return (context) => renameColumnChecks(context, rename_column);
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
  const refusals = results.filter(({ severity }) => severity === "refuse");
  if (refusals.length === 0) return;
  const list = refusals.map(({ object, message, remedy }) => `\n- ${object} ${message}. ${remedy}`).join(".");
  throw new PreflightRefused({
    object: `migration "${migration}"`,
    problem: `is refused for ${refusals.length === 1 ? "one reason" : `${String(refusals.length)} reasons`}; nothing was touched${list}`,
    remedy: refusals.length === 1 ? "\nThen start it again" : "\nMend them, then start it again",
  });
}
