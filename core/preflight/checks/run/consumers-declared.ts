import { movesTraffic } from "../../../operations/migration-operations.ts";
import { runCheck } from "../../define-check.ts";
import { ok, warn } from "../../finding.ts";
import { quoted } from "../../object-names.ts";

/** Roles that a warning names; the others are counted. */
const MAX_NAMED = 10;

/** Contract drops what consumers may still read: their list is written by hand, and the grants are a start for it. */
export const consumersDeclared = runCheck({
  name: "consumers-declared",
  refusesOrWarns: "Warns where no consumer of the old column is declared, and names the roles that may read it.",
  check({ migration, catalog }) {
    const object = "contract.consumers";
    if (!movesTraffic(migration)) return [];
    const { consumers } = migration.contract;
    if (consumers.length > 0) return ok(object, `names ${consumers.map(({ name }) => name).join(", ")}`);
    const readers = catalog.table?.readers ?? [];
    return warn({
      object,
      message: `is empty: no consumer of the old column is declared${candidates(readers)}`,
      remedy: "List the services, jobs, exports, BI reports and roles that read or write the table",
    });
  },
});

/** A single role is the application itself, as a rule, and says nothing new. */
function candidates(readers: readonly string[]): string {
  if (readers.length < 2) return "";
  const others = readers.length - MAX_NAMED;
  const rest = others > 0 ? ` and ${String(others)} more` : "";
  return `; ${quoted(readers.slice(0, MAX_NAMED))}${rest} may read it, by their grants on the table`;
}
