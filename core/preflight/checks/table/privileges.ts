import { messageName } from "../../../sql/message-name.ts";
import type { Finding } from "../../check.ts";
import { tableCheck } from "../../define-check.ts";
import { ok, orOk, refuse } from "../../finding.ts";
import { roleObject, tableObject } from "../../object-names.ts";

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
          message: `belongs to ${roleObject(table.owner)} (or a partition to another role), and ${roleObject(role.name)} may not act as the owner`,
          remedy: `GRANT the owner to ${messageName(role.name)}`,
        }),
      );
    }
    if (ledger.exists && !ledger.usable) {
      problems.push(
        refuse({
          object: 'schema "sluice"',
          message: `exists, and ${roleObject(role.name)} may not use it and create in it`,
          remedy: `GRANT USAGE, CREATE ON SCHEMA sluice TO the ${roleObject(role.name)}`,
        }),
      );
    }
    if (!ledger.exists && !role.mayCreateSchema) {
      problems.push(
        refuse({
          object: 'schema "sluice"',
          message: `does not exist, and ${roleObject(role.name)} may not create it`,
          remedy: `CREATE SCHEMA sluice AUTHORIZATION the ${roleObject(role.name)}, or GRANT it CREATE on the database`,
        }),
      );
    }
    return orOk(problems, ok(roleObject(role.name), "owns the table and has room for the ledger"));
  },
});
