import type { CheckResult, ColumnContext } from "../../check.ts";
import { findings } from "../../finding.ts";
import { sourceObject } from "../../object-names.ts";

const { ok, refuse } = findings("partition-key");

/** PostgreSQL drops no column of a partition key, at any level. */
export function partitionKey(context: ColumnContext): CheckResult {
  const object = sourceObject(context);
  if (!context.table.partitionKeyColumns.includes(context.source.name)) return ok(object, "is in no partition key");
  return refuse({
    object,
    message: "is in the partition key of the table or of one of its partitions, so it can never be dropped",
    remedy: "Copy the table into one partitioned by the new column instead",
  });
}
