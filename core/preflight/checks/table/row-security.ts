import { tableCheck } from "../../define-check.ts";
import { ok, refuse } from "../../finding.ts";
import { roleObject, tableObject } from "../../object-names.ts";

/** A policy that hides a row from us leaves it behind, and hides it from the validation too. */
export const rowSecurity = tableCheck({
  name: "row-security",
  refusesOrWarns: "Refuses policies that hide rows from the role.",
  check({ table, catalog }) {
    const object = tableObject(table);
    // A snapshot that does not say counts as filtered.
    if (!(table.rowSecurityActive ?? table.rowSecurity)) return ok(object, "shows every row to Sluice");
    return refuse({
      object,
      message: `has row security that hides rows from ${roleObject(catalog.role.name)}`,
      remedy: "Give the role BYPASSRLS, or ALTER TABLE ... NO FORCE ROW LEVEL SECURITY and let it own every partition",
    });
  },
});
