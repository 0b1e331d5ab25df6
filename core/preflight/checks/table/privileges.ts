import type { Finding } from "../../check.ts";
import { tableCheck } from "../../define-check.ts";
import { ok, orOk, refuse } from "../../finding.ts";
import { tableObject } from "../../object-names.ts";

/** DDL needs the table's owner, the ledger a schema of its own. */
export const privileges = tableCheck({
  name: "privileges",
  refusesOrWarns: "Refuses a role that may not act as the owner of the table, or has no room for the ledger.",
  check({ table, catalog }) {
    const { role, ledger } = catalog;
    const problems: Finding[] = [];
    if (!table.roleOwns) {
      problems.push(
        refuse({
          object: tableObject(table),
          message: `belongs to "${table.owner}" (or a partition to somebody else), and role "${role.name}" may not act as the owner`,
          remedy: `GRANT the owner to "${role.name}"`,
        }),
      );
    }
    if (ledger.exists && !ledger.usable) {
      problems.push(
        refuse({
          object: 'schema "sluice"',
          message: `exists, and role "${role.name}" may not use it and create in it`,
          remedy: `GRANT USAGE, CREATE ON SCHEMA sluice TO the role "${role.name}"`,
        }),
      );
    }
    if (!ledger.exists && !role.mayCreateSchema) {
      problems.push(
        refuse({
          object: 'schema "sluice"',
          message: `does not exist, and role "${role.name}" may not create it`,
          remedy: `CREATE SCHEMA sluice AUTHORIZATION the role "${role.name}", or GRANT it CREATE on the database`,
        }),
      );
    }
    return orOk(problems, ok(`role "${role.name}"`, "owns the table and has room for the ledger"));
  },
});
