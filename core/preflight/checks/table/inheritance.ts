import type { Finding } from "../../check.ts";
import { tableCheck } from "../../define-check.ts";
import { ok, orOk, refuse } from "../../finding.ts";
import { quotedSql, tableObject } from "../../object-names.ts";

/** The table is the whole of it: nothing above that decides its columns, no children by inheritance beneath. */
export const inheritance = tableCheck({
  name: "inheritance",
  refusesOrWarns: "Refuses a partition, an inheritance child, and a table with such children.",
  check({ table }) {
    const object = tableObject(table);
    const problems: Finding[] = [];
    if (table.parents.length > 0) {
      problems.push(
        refuse({
          object,
          message: `is a partition or an inheritance child of ${quotedSql(table.parents)}, which decides its columns`,
          remedy: "Migrate the table at the top instead",
        }),
      );
    }
    if (table.inheritanceChildren.length > 0) {
      problems.push(
        refuse({
          object,
          message: `has inheritance children, which triggers on it do not cover: ${quotedSql(table.inheritanceChildren)}`,
          remedy: "ALTER TABLE ... NO INHERIT the children, or make them partitions",
        }),
      );
    }
    return orOk(problems, ok(object, "is neither a partition nor part of an inheritance"));
  },
});
