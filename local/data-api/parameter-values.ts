import type { Field, SqlParameter } from "./requests.ts";
import { ServiceException } from "./service-exception.ts";

/** A parameter as PostgreSQL's extended protocol takes it: the type's oid (0: the server infers it) and text. */
export interface BoundParameter {
  readonly type: number;
  readonly value: string | null;
}

/** Oids of pg_type; they are fixed for built-in types. */
const OID = { inferred: 0, bool: 16, bytea: 17, int8: 20, text: 25, json: 114, float8: 701 } as const;
const HINTED_OID = { DATE: 1082, DECIMAL: 1700, JSON: OID.json, TIME: 1083, TIMESTAMP: 1114, UUID: 2950 } as const;

type TypeHint = keyof typeof HINTED_OID;

/** The formats that the service's reference page names; milliseconds at most. */
const HINTED_FORMAT: Partial<Record<TypeHint, RegExp>> = {
  DATE: /^\d{4}-\d{2}-\d{2}$/,
  TIME: /^\d{2}:\d{2}:\d{2}(?:\.\d{1,3})?$/,
  TIMESTAMP: /^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}(?:\.\d{1,3})?$/,
};

/**
 * The values for `names`, in their order. An un-hinted string is of type `text`, so that the statement has to cast it.
 *
 * @throws ServiceException where a name has no value, or the value is an array or not of its hint's format.
 */
export function bindParameters(names: readonly string[], parameters: readonly SqlParameter[]): BoundParameter[] {
  const byName = new Map(parameters.map((parameter) => [parameter.name, parameter]));
  for (const { name, value } of parameters) {
    if (value?.arrayValue !== undefined && value.arrayValue !== null) {
      throw new ServiceException("ValidationException", `Array parameters are not supported: ${name}`);
    }
  }
  return names.map((name) => {
    const parameter = byName.get(name);
    if (parameter === undefined) throw new ServiceException("BadRequestException", `Cannot find parameter: ${name}`);
    return bind(parameter);
  });
}

function bind({ name, value, typeHint }: SqlParameter): BoundParameter {
  const hintedType = typeHint == null ? undefined : HINTED_OID[typeHint];
  if (value == null || value.isNull === true) return { type: hintedType ?? OID.inferred, value: null };
  if (value.stringValue == null) return bindTyped(name, value);
  if (typeHint != null && HINTED_FORMAT[typeHint]?.test(value.stringValue) === false) {
    throw new ServiceException(
      "ValidationException",
      `The value of parameter ${name} isn't in the format of ${typeHint}`,
    );
  }
  return { type: hintedType ?? OID.text, value: value.stringValue };
}

function bindTyped(name: string, value: Field): BoundParameter {
  if (value.longValue != null) return { type: OID.int8, value: BigInt(value.longValue).toString() };
  if (value.doubleValue != null) return { type: OID.float8, value: String(value.doubleValue) };
  if (value.booleanValue != null) return { type: OID.bool, value: value.booleanValue ? "t" : "f" };
  if (value.blobValue != null) {
    return { type: OID.bytea, value: `\\x${Buffer.from(value.blobValue, "base64").toString("hex")}` };
  }
  throw new ServiceException("ValidationException", `The parameter ${name} has no value`);
}
