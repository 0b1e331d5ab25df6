import type { FieldDef } from "pg";
import type { ExecuteRequest } from "./requests.ts";
import { encodeValue, type ValueOptions, type WireValue } from "./result-values.ts";
import { ServiceException } from "./service-exception.ts";
import type { TypeName } from "./type-names.ts";
import type { WireResult } from "./wire-query.ts";

/** Bytes of one response, and of one row's values. */
export const MAX_RESPONSE_BYTES = 1024 * 1024;
const MAX_ROW_BYTES = 64 * 1024;

type Types = ReadonlyMap<number, TypeName>;

/**
 * The response to ExecuteStatement.
 *
 * @throws ServiceException UnsupportedResultException where the result is too large or of a type that is not returned.
 */
export function executeResponse(
  result: WireResult,
  types: Types,
  request: ExecuteRequest,
): Readonly<Record<string, unknown>> {
  const response = { generatedFields: [], numberOfRecordsUpdated: recordsUpdated(result) };
  if (result.fields === undefined) return response;
  refuseLarge(result);
  const columns = result.fields.map((field) => typeOf(field, types));
  const options: ValueOptions = {
    longAsString: request.resultSetOptions?.longReturnType === "STRING",
    decimalAsString: request.resultSetOptions?.decimalReturnType !== "DOUBLE_OR_LONG",
  };
  const records = result.rows.map((row) =>
    columns.map((type, index) => encodeValue(row[index] ?? null, type, options)),
  );
  if (request.formatRecordsAs === "JSON") {
    return { ...response, formattedRecords: jsonText(formatted(result.fields, records)) };
  }
  if (request.includeResultMetadata !== true) return { ...response, records };
  return { ...response, records, columnMetadata: result.fields.map((field) => metadata(field, typeOf(field, types))) };
}

/** Rows of INSERT, UPDATE, DELETE and MERGE; 0 for everything else, and where RETURNING made it a query. */
function recordsUpdated(result: WireResult): number {
  if (result.fields !== undefined) return 0;
  return Number(/^(?:INSERT 0|UPDATE|DELETE|MERGE) (\d+)$/.exec(result.command)?.[1] ?? 0);
}

function refuseLarge(result: WireResult): void {
  const rowBytes = (row: readonly (string | null)[]): number =>
    row.reduce((sum, value) => sum + (value === null ? 0 : Buffer.byteLength(value)), 0);
  if (result.overflow) throw responseTooLarge();
  if (result.rows.some((row) => rowBytes(row) > MAX_ROW_BYTES)) {
    throw new ServiceException("UnsupportedResultException", "Database returned more than the allowed row size limit");
  }
}

export const responseTooLarge = (): ServiceException =>
  new ServiceException("UnsupportedResultException", "Database returned more than the allowed response size limit");

function typeOf(field: FieldDef, types: Types): TypeName {
  return types.get(field.dataTypeID) ?? { name: String(field.dataTypeID), isEnum: false };
}

/** Codes of java.sql.Types, which the service's metadata carries. */
const JDBC_TYPES: Readonly<Record<string, number>> = {
  bool: -7,
  bytea: -2,
  int2: 5,
  int4: 4,
  int8: -5,
  float4: 7,
  float8: 8,
  numeric: 2,
  bpchar: 1,
  varchar: 12,
  text: 12,
  name: 12,
  date: 91,
  time: 92,
  timestamp: 93,
  timestamptz: 93,
};
const JDBC_ARRAY = 2003;
const JDBC_OTHER = 1111;
const SIGNED = new Set(["int2", "int4", "int8", "float4", "float8", "numeric"]);
const CASE_INSENSITIVE = new Set([...SIGNED, "bool", "bytea", "date", "time", "timestamp", "timestamptz", "uuid"]);

/** Where a column comes from needs the catalog; the service is not relied on for it, so these stay empty. */
function metadata(field: FieldDef, type: TypeName): Readonly<Record<string, unknown>> {
  const isArray = type.name.startsWith("_");
  return {
    name: field.name,
    label: field.name,
    type: JDBC_TYPES[type.name] ?? (isArray ? JDBC_ARRAY : JDBC_OTHER),
    typeName: type.name,
    schemaName: "",
    tableName: "",
    arrayBaseColumnType: isArray ? (JDBC_TYPES[type.name.slice(1)] ?? JDBC_OTHER) : 0,
    isAutoIncrement: false,
    isSigned: SIGNED.has(type.name),
    isCurrency: false,
    isCaseSensitive: !CASE_INSENSITIVE.has(type.name),
    nullable: 2,
    precision: Math.max(field.dataTypeSize, 0),
    scale: 0,
  };
}

/** Objects by label; a label that comes twice cannot be said in JSON. */
function formatted(fields: readonly FieldDef[], records: readonly (readonly WireValue[])[]): unknown {
  const labels = fields.map((field) => field.name);
  const twice = labels.find((label, index) => labels.indexOf(label) !== index);
  if (twice !== undefined) {
    throw new ServiceException("ValidationException", `The result has more than one column named ${twice}`);
  }
  return records.map((record) =>
    Object.fromEntries(labels.map((label, index) => [label, plainValue(record[index] ?? { isNull: true })])),
  );
}

function plainValue(value: WireValue): unknown {
  if (value["isNull"] === true) return null;
  const [member] = Object.values(value);
  return typeof member === "object" && member !== null ? Object.values(member)[0] : member;
}

/** JSON in which a bigint keeps all its digits, which `JSON.stringify` cannot do on Node.js 20. */
export function jsonText(value: unknown): string {
  if (typeof value === "bigint") return value.toString();
  if (Array.isArray(value)) return `[${value.map(jsonText).join(",")}]`;
  if (typeof value === "object" && value !== null) {
    const members = Object.entries(value).filter(([, member]) => member !== undefined);
    return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${jsonText(member)}`).join(",")}}`;
  }
  return JSON.stringify(value);
}
