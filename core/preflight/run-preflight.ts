import { PreflightRefused } from "../errors.ts";
import { operationsOf } from "../operations/migration-operations.ts";
import { runChecks, type CheckResult, type PreflightContext, type TableContext } from "./check.ts";
import { GATE_CHECKS, RELATION_KIND, RUN_CHECKS, SERVER_CHECKS, TABLE_CHECKS } from "./checks.ts";

/**
 * Runs every check that can be run: those of the table where there is one, those of a column where it is there. Pure.
 * Every refusal and warning is in the list, with an `ok` for each check that had nothing to say; a check whose object
 * nobody was asked for is left out. In order: the run, the server, the table, the operation, the gates.
 */
export function runPreflight(context: PreflightContext): readonly CheckResult[] {
  return [...runChecks(RUN_CHECKS, context), ...databaseChecks(context), ...runChecks(GATE_CHECKS, context)];
}

function databaseChecks(context: PreflightContext): readonly CheckResult[] {
  const server = runChecks(SERVER_CHECKS, context);
  // The catalog of a server that is too old has no table, which says nothing about the table.
  if (server.some(({ check, verdict }) => check === "server-version" && verdict === "refuse")) return server;
  const kind = runChecks([RELATION_KIND], context);
  const { table } = context.catalog;
  if (table?.kind !== "table" && table?.kind !== "partitioned table") return [...server, ...kind];
  const tableContext: TableContext = { ...context, table };
  return [...server, ...kind, ...runChecks(TABLE_CHECKS, tableContext), ...operationChecks(tableContext)];
}

function operationChecks(context: TableContext): readonly CheckResult[] {
  return operationsOf(context.migration).flatMap((operation) => operation.check(context));
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
