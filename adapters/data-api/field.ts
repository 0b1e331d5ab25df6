import type { ColumnMetadata, Field, SqlParameter } from "@aws-sdk/client-rds-data";
import type { Row } from "../../core/ports.ts";
import type { ParameterValue, Statement } from "../../core/sql/statement.ts";

type Value = Row[string];

/** A column that has no place in a {@link Row}: an array. */
export class UnreadableColumn extends TypeError {
  override readonly name = "UnreadableColumn";
  constructor(readonly column: string) {
    super(`column "${column}" is an array`);
  }
}

/** The parameters of a statement as the Data API takes them. */
export function sqlParameters(statement: Statement): SqlParameter[] {
  return Object.entries(statement.parameters).map(([name, value]) => ({ name, value: parameterField(value) }));
}

/** A bigint travels as text: the SDK would round a long beyond 2^53. The statement casts it. */
function parameterField(value: ParameterValue): Field {
  if (value === null) return { isNull: true };
  if (typeof value === "string") return { stringValue: value };
  if (typeof value === "bigint") return { stringValue: value.toString() };
  if (typeof value === "boolean") return { booleanValue: value };
  return Number.isSafeInteger(value) && !Object.is(value, -0) ? { longValue: value } : { doubleValue: value };
}

/** The rows by column label. Where a label comes twice the last column wins, as with `pg`. */
export function rowsOf(records: readonly (readonly Field[])[], columns: readonly ColumnMetadata[]): readonly Row[] {
  const labelled = columns.map((column) => ({ label: column.label ?? column.name ?? "", type: column.typeName ?? "" }));
  return records.map((record) =>
    Object.fromEntries(labelled.map(({ label, type }, index) => [label, valueOf(record[index], { label, type })])),
  );
}

/** Types whose values are exact in a JavaScript number; `serial` is the service's name for a column with a sequence. */
const SMALL_INTEGERS = new Set(["int2", "int4", "smallserial", "serial"]);

/** Longs are asked for as strings; whether the service then sends small integers as strings, too, does not matter. */
function valueOf(field: Field | undefined, column: { readonly label: string; readonly type: string }): Value {
  if (field === undefined || field.isNull === true) return null;
  if (field.stringValue !== undefined) {
    return SMALL_INTEGERS.has(column.type) ? Number(field.stringValue) : field.stringValue;
  }
  if (field.longValue !== undefined) {
    return SMALL_INTEGERS.has(column.type) ? field.longValue : String(field.longValue);
  }
  if (field.booleanValue !== undefined) return field.booleanValue;
  if (field.doubleValue !== undefined) return field.doubleValue;
  if (field.blobValue !== undefined) return `\\x${Buffer.from(field.blobValue).toString("hex")}`;
  throw new UnreadableColumn(column.label);
}
