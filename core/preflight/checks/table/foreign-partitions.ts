import { messageName } from "../../../sql/message-name.ts";
import { tableCheck } from "../../define-check.ts";
import { ok, refuse } from "../../finding.ts";
import { tableObject } from "../../object-names.ts";

/** Rows on another server have no blocks here, and our ledger cannot commit with them. */
export const foreignPartitions = tableCheck({
  name: "foreign-partitions",
  refusesOrWarns: "Refuses partitions on another server.",
  check({ table }) {
    const object = tableObject(table);
    const foreign = table.partitions.filter(({ kind }) => kind === "foreign table");
    if (foreign.length === 0) return ok(object, "has all of its rows in this database");
    return refuse({
      object,
      message: `has partitions on another server: ${foreign.map(({ schema, name }) => messageName(schema, name)).join(", ")}`,
      remedy: "Detach them, and migrate them where their rows are",
    });
  },
});
