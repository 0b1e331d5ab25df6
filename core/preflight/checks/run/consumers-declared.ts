import { movesTraffic } from "../../../operations/migration-operations.ts";
import type { CheckResult, PreflightContext } from "../../check.ts";
import { findings } from "../../finding.ts";
import { quoted } from "../../object-names.ts";

const { ok, warn } = findings("consumers-declared");

/** Roles that a warning names; the others are counted. */
const MAX_NAMED = 10;

/** Contract drops what somebody may still read: their list has to be somebody's work, and the grants are where it starts. */
export function consumersDeclared({ migration, catalog }: PreflightContext): CheckResult | readonly CheckResult[] {
  const object = "contract.consumers";
  if (!movesTraffic(migration)) return [];
  const { consumers } = migration.contract;
  if (consumers.length > 0) return ok(object, `names ${consumers.map(({ name }) => name).join(", ")}`);
  const readers = catalog.table?.readers ?? [];
  return warn({
    object,
    message: `is empty: nobody has said who reads the old column${candidates(readers)}`,
    remedy: "List the services, jobs, exports, BI reports and roles that read or write the table",
  });
}

/** A single role is the application itself, as a rule, and says nothing new. */
function candidates(readers: readonly string[]): string {
  if (readers.length < 2) return "";
  const others = readers.length - MAX_NAMED;
  const rest = others > 0 ? ` and ${String(others)} more` : "";
  return `; ${quoted(readers.slice(0, MAX_NAMED))}${rest} may, by their grants on the table`;
}
