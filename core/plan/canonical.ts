import { createHash } from "node:crypto";

/**
 * The one JSON text of a value: keys sorted by UTF-16 code unit, no white space, absent where undefined
 * (RFC 8785 for the values that plans and migrations hold).
 *
 * @throws TypeError where the value is not plain data: two different values must never share a text.
 */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (typeof value === "object" && value !== null) return canonicalObject(value);
  if (typeof value === "number" && !Number.isFinite(value)) throw notPlain(value);
  if (value === null || typeof value === "number" || typeof value === "string" || typeof value === "boolean") {
    return JSON.stringify(value);
  }
  throw notPlain(value);
}

/** SHA-256, hex, of the canonical JSON. */
export function canonicalHash(value: unknown): string {
  return createHash("sha256").update(canonicalJson(value)).digest("hex");
}

function canonicalObject(value: object): string {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) throw notPlain(value);
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`);
  return `{${members.join(",")}}`;
}

function notPlain(value: unknown): TypeError {
  return new TypeError(`${typeof value} ${String(value)} has no canonical JSON: only plain data has`);
}
