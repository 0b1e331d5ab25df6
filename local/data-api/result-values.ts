import { arrayElements } from "./array-text.ts";
import { ServiceException } from "./service-exception.ts";
import type { TypeName } from "./type-names.ts";

/** A value as the wire has it; a bigint becomes the digits of a JSON number. */
export type WireValue = Readonly<Record<string, unknown>>;

export interface ValueOptions {
  readonly longAsString: boolean;
  readonly decimalAsString: boolean;
}

type Encode = (text: string, options: ValueOptions) => WireValue;

const string: Encode = (text) => ({ stringValue: text });
const integer: Encode = (text) => ({ longValue: Number(text) });
const long: Encode = (text, options) => (options.longAsString ? { stringValue: text } : { longValue: BigInt(text) });
const double: Encode = (text) => ({ doubleValue: jsonDouble(text) });
const decimal: Encode = (text, options) => {
  if (options.decimalAsString || !Number.isFinite(Number(text))) return { stringValue: text };
  return text.includes(".") ? { doubleValue: Number(text) } : { longValue: BigInt(text) };
};
const timestamp: Encode = (text) => {
  // The service is reported to answer InternalFailure.
  if (text.endsWith("infinity")) throw new ServiceException("InternalFailure", "An internal failure has occurred.");
  return { stringValue: milliseconds(text.replace(/\+00$/, "")) };
};
const blob: Encode = (text) => ({ blobValue: Buffer.from(text.slice(2), "hex").toString("base64") });

/**
 * The types that the service's reference page lists, by their names in pg_type. Everything else is refused, as money,
 * interval, oid, "char" or a composite type: a statement that needs one casts it to text. `void` is ours, so that a
 * function without a result can be called.
 */
const SCALARS: Readonly<Record<string, Encode>> = {
  bool: (text) => ({ booleanValue: text === "t" }),
  int2: integer,
  int4: integer,
  int8: long,
  float4: double,
  float8: double,
  numeric: decimal,
  bytea: blob,
  timestamp,
  timestamptz: timestamp,
  time: (text) => ({ stringValue: milliseconds(text) }),
  date: timestamp,
  ...Object.fromEntries(
    ["text", "varchar", "bpchar", "name", "json", "jsonb", "uuid", "cidr", "inet", "vector", "void"].map((name) => [
      name,
      string,
    ]),
  ),
};

const ARRAY_MEMBERS = {
  booleanValues: ["bool"],
  longValues: ["int2", "int4", "int8"],
  doubleValues: ["float4", "float8"],
  stringValues: ["numeric", "text", "varchar", "bpchar", "name", "json", "jsonb", "uuid", "date", "time", "timestamp"],
} as const;

/** @throws ServiceException UnsupportedResultException for a type or an array that the service does not return. */
export function encodeValue(text: string | null, type: TypeName, options: ValueOptions): WireValue {
  const encode = encoder(type);
  return text === null ? { isNull: true } : encode(text, options);
}

function encoder(type: TypeName): Encode {
  if (type.isEnum) return string;
  const scalar = SCALARS[type.name];
  if (scalar !== undefined) return scalar;
  const element = type.name.startsWith("_") ? type.name.slice(1) : "";
  for (const [member, names] of Object.entries(ARRAY_MEMBERS)) {
    if ((names as readonly string[]).includes(element)) return (text) => encodeArray(text, member, element);
  }
  throw new ServiceException(
    "UnsupportedResultException",
    `The result contains the unsupported data type ${type.name}.`,
  );
}

function encodeArray(text: string, member: string, element: string): WireValue {
  const elements = arrayElements(text);
  if (elements === undefined) {
    throw new ServiceException("UnsupportedResultException", "The result contains a multidimensional array.");
  }
  const encode = SCALARS[element] ?? string;
  const values = elements.map((value) => {
    if (value === null) return null;
    return Object.values(encode(value, { longAsString: false, decimalAsString: true }))[0];
  });
  return { arrayValue: { [member]: values } };
}

/** restJson1 has strings for what JSON numbers cannot say. */
const jsonDouble = (text: string): number | string => (Number.isFinite(Number(text)) ? Number(text) : text);

/** Milliseconds at most, without trailing zeros, as PostgreSQL leaves them out. */
function milliseconds(text: string): string {
  const match = /^(.*\d{2}:\d{2}:\d{2})\.(\d+)(.*)$/.exec(text);
  if (match === null) return text;
  const [, head = "", digits = "", tail = ""] = match;
  const kept = digits.slice(0, 3).replace(/0+$/, "");
  return `${head}${kept === "" ? "" : `.${kept}`}${tail}`;
}
