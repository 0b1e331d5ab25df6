import type { CheckResult, TableContext } from "../../check.ts";
import { findings } from "../../finding.ts";
import { quoted, tableObject } from "../../object-names.ts";

const { ok, refuse } = findings("foreign-partitions");

/** Rows on another server have no blocks here, and our ledger cannot commit with them. */
export function foreignPartitions({ table }: TableContext): CheckResult {
  const object = tableObject(table);
  const foreign = table.partitions.filter(({ kind }) => kind === "foreign table");
  if (foreign.length === 0) return ok(object, "has all of its rows in this database");
  return refuse({
    object,
    message: `has partitions on another server: ${quoted(foreign.map(({ schema, name }) => `${schema}.${name}`))}`,
    remedy: "Detach them, and migrate them where their rows are",
  });
}
