import { z } from "zod";

const UNITS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const DURATION = /^(\d+)(ms|s|m|h|d)$/;

/** `250ms`, `30s`, `5m`, `2h`, `7d`: parsed to milliseconds. */
export const duration = z
  .string()
  .regex(DURATION, { error: 'a duration such as "250ms", "30s", "5m", "2h" or "7d"' })
  .transform((text): number => {
    const [, amount = "", unit = "ms"] = DURATION.exec(text) ?? [];
    return Number(amount) * UNITS[unit as keyof typeof UNITS];
  });

/** An identifier exactly as the catalog has it: no folding to lower case, no quotes. */
export const identifierText = z
  .string()
  .min(1)
  .refine((text) => Buffer.byteLength(text) <= 63, { error: "an identifier of at most 63 bytes" })
  .refine((text) => !text.includes("\0"), { error: "an identifier without a NUL character" });

/** `schema.table`, split at the first dot; names that hold a dot are written as `{ schema, name }`. */
export const tableName = z.union([
  z
    .string()
    .regex(/^[^.]+\.[^.]+$/, { error: 'a table as "schema.name", or { schema, name } where a name holds a dot' })
    .transform((text) => {
      const [schema = "", name = ""] = text.split(".");
      return { schema, name };
    })
    .pipe(z.object({ schema: identifierText, name: identifierText })),
  z.strictObject({ schema: identifierText, name: identifierText }),
]);

/** A migration's name: it names the flag, the AppConfig environment and objects in the database. */
export const migrationName = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,62}$/, { error: "lower-case letters, digits and hyphens, at most 63, a letter first" });
