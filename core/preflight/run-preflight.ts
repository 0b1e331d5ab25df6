import { counted } from "../counted.ts";
import { PreflightRefused } from "../errors.ts";
import { migratedTable } from "../operations/migration-operations.ts";
import type {
  CheckDefinition,
  CheckResult,
  Finding,
  PreflightContext,
  RelationContext,
  TableContext,
} from "./check.ts";
import { CHECK_AREAS, CHECKS } from "./checks/registry.ts";

/**
 * Runs every check that can be run, in the order of the areas and then of the list: those of a table where there is
 * one. Pure. Every refusal and warning is in the list, with an `ok` for each check that had nothing to report; a check
 * whose object was not asked for is left out.
 *
 * @throws MigrationInvalid where the operations are about several tables.
 */
export function runPreflight(
  context: PreflightContext,
  checks: readonly CheckDefinition[] = CHECKS,
): readonly CheckResult[] {
  const relations = relationContexts(context);
  const ordered = CHECK_AREAS.flatMap((area) => checks.filter((check) => check.area === area));
  const blocked = ordered.some((check) => blocksTableChecks(check, context));
  return ordered.flatMap((check) => {
    if (check.subject === "migration") return resultsOf(check, context);
    return blocked ? [] : relations.flatMap((relation) => relationResults(check, relation));
  });
}

/** The one place that knows which tables a migration is about. */
function relationContexts(context: PreflightContext): readonly RelationContext[] {
  return [{ ...context, wanted: migratedTable(context.migration), relation: context.catalog.table }];
}

function blocksTableChecks(check: CheckDefinition, context: PreflightContext): boolean {
  if (check.subject !== "migration" || !check.blocksTableChecks) return false;
  return resultsOf(check, context).some(({ severity }) => severity === "refuse");
}

function relationResults(
  check: Exclude<CheckDefinition, { subject: "migration" }>,
  context: RelationContext,
): readonly CheckResult[] {
  if (check.subject === "relation") return resultsOf(check, context);
  const table = tableContext(context);
  return table === undefined ? [] : resultsOf(check, table);
}

/** Undefined where the relation is not there, or is no table: it has nothing that the checks of a table could read. */
function tableContext({ wanted, relation, ...context }: RelationContext): TableContext | undefined {
  const isTable = relation?.kind === "table" || relation?.kind === "partitioned table";
  return isTable ? { ...context, table: relation } : undefined;
}

interface Runnable<Context> {
  readonly name: string;
  check(context: Context): Finding | readonly Finding[];
}

/** The findings of one check, under its name. */
export function resultsOf<Context>(definition: Runnable<Context>, context: Context): readonly CheckResult[] {
  return [definition.check(context)].flat().map((finding) => ({ ...finding, check: definition.name }));
}

/**
 * Turns refusals into one error that lists them all, so that the operator fixes all of them at once.
 *
 * @throws PreflightRefused where a result is a refusal.
 */
export function refuseIfAny(results: readonly CheckResult[], migration: string): void {
  const refusals = results.filter(({ severity }) => severity === "refuse");
  if (refusals.length === 0) return;
  const list = refusals.map(({ object, message, remedy }) => `\n- ${object} ${message}. ${remedy}`).join(".");
  throw new PreflightRefused({
    object: `migration "${migration}"`,
    problem: `is refused for ${counted(refusals.length, "reason")}; nothing was touched${list}`,
    remedy: refusals.length === 1 ? "\nThen start it again" : "\nFix them, then start it again",
  });
}
