import type { Finding } from "../../check.ts";
import { relationCheck } from "../../define-check.ts";
import { ok, orOk, refuse, warn } from "../../finding.ts";
import { quoted, tableObject } from "../../object-names.ts";
import type { TableCatalog } from "../../../catalog/catalog.ts";

/** The relation is there, and rows can be read by block and columns added. */
export const relationKind = relationCheck({
  name: "relation-kind",
  refusesOrWarns: "Refuses what is no ordinary or partitioned table of heap rows; warns of an unlogged one.",
  check({ wanted, relation: table }) {
    const object = tableObject(wanted);
    if (!table) {
      return [
        refuse({
          object,
          message: "does not exist",
          remedy: "Correct the operation's table: schema and name exactly as in the database, upper and lower case too",
        }),
      ];
    }
    if (table.kind !== "table" && table.kind !== "partitioned table") {
      return [
        refuse({
          object,
          message: `is a ${table.kind}, not a table`,
          remedy: "Name the table that holds the rows",
        }),
      ];
    }
    return orOk([...storage(table, object)], ok(object, `is an ordinary ${table.kind}`));
  },
});

function* storage(table: TableCatalog, object: string): Iterable<Finding> {
  if (table.persistence === "temporary") {
    yield refuse({ object, message: "is temporary, of one session", remedy: "Name a permanent table" });
  }
  if (table.persistence === "unlogged") {
    yield warn({
      object,
      message: "is unlogged: a crash or a failover empties it, in the middle of a run too",
      remedy: "ALTER TABLE ... SET LOGGED first, if its rows matter",
    });
  }
  if (table.typed === true) {
    yield refuse({
      object,
      message: "is a typed table, to which no column can be added",
      remedy: "ALTER TABLE ... NOT OF first",
    });
  }
  const foreign = (table.accessMethods ?? []).filter((method) => method !== "heap");
  if (foreign.length > 0) {
    yield refuse({
      object,
      message: `is stored by access method ${quoted(foreign)}; ranges of blocks are known of heap alone`,
      remedy: "ALTER TABLE ... SET ACCESS METHOD heap first",
    });
  }
}
