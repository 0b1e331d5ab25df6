import { counted } from "../../../counted.ts";
import { tableCheck } from "../../define-check.ts";
import { ok, warn } from "../../finding.ts";
import { tableObject } from "../../object-names.ts";

/** What the estimates rest on. An empty table is fine. */
export const tableSize = tableCheck({
  name: "table-size",
  refusesOrWarns: "Warns of a table that was never analysed.",
  check({ table }) {
    const object = tableObject(table);
    if (table.rows === 0 && table.blocks > 0) {
      return warn({
        object,
        message: `has ${counted(table.blocks, "block")} and was never analysed, so the plan's estimates know no rows`,
        remedy: "Run ANALYZE on it",
      });
    }
    return ok(object, `has about ${counted(table.rows, "row")} in ${counted(table.blocks, "block")}`);
  },
});
