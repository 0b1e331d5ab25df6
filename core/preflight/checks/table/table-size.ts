import type { CheckResult, TableContext } from "../../check.ts";
import { findings } from "../../finding.ts";
import { tableObject } from "../../object-names.ts";

const { ok, warn } = findings("table-size");
const number = new Intl.NumberFormat("en-US");

/** What the estimates rest on. An empty table is fine. */
export function tableSize({ table }: TableContext): CheckResult {
  const object = tableObject(table);
  if (table.rows === 0 && table.blocks > 0) {
    return warn({
      object,
      message: `has ${number.format(table.blocks)} blocks and was never analysed, so the plan's estimates know no rows`,
      remedy: "Run ANALYZE on it",
    });
  }
  return ok(object, `has about ${number.format(table.rows)} rows in ${number.format(table.blocks)} blocks`);
}
