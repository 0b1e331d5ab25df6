import { createHash } from "node:crypto";

/** PostgreSQL's NAMEDATALEN - 1, in bytes of UTF-8: a longer name is cut silently by the server. */
export const MAX_IDENTIFIER_BYTES = 63;

/**
 * Quotes one identifier; always, so that case, keywords and spaces need no rule of their own.
 *
 * @throws RangeError where the name is empty, holds a NUL, or is longer than 63 bytes: PostgreSQL would cut it and
 * the statement would then name another object.
 */
export function identifier(value: string): string {
  if (value === "") throw new RangeError("an identifier must not be empty");
  if (value.includes("\0")) throw new RangeError(`identifier ${JSON.stringify(value)} holds a NUL character`);
  if (Buffer.byteLength(value) > MAX_IDENTIFIER_BYTES) {
    throw new RangeError(`identifier ${JSON.stringify(value)} is longer than ${String(MAX_IDENTIFIER_BYTES)} bytes`);
  }
  return `"${value.replaceAll('"', '""')}"`;
}

/** Quotes a string constant; escape-string syntax where a backslash is in it, so that no server setting matters. */
export function literal(value: string): string {
  if (value.includes("\0")) throw new RangeError("a string constant must not hold a NUL character");
  const quoted = `'${value.replaceAll("'", "''")}'`;
  return value.includes("\\") ? `E${quoted.replaceAll("\\", "\\\\")}` : quoted;
}

/**
 * A name for an object of ours, at most 63 bytes: the parts joined by `_`, and where that is too long, cut at a
 * character and ended with eight hex digits of the whole name's SHA-256, so that two long names stay different.
 */
export function objectName(...parts: readonly string[]): string {
  const whole = parts.join("_");
  if (Buffer.byteLength(whole) <= MAX_IDENTIFIER_BYTES) return whole;
  const digest = createHash("sha256").update(whole).digest("hex").slice(0, 8);
  let head = "";
  for (const character of whole) {
    if (Buffer.byteLength(head + character) > MAX_IDENTIFIER_BYTES - digest.length - 1) break;
    head += character;
  }
  return `${head}_${digest}`;
}
