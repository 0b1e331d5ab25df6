import { z } from "zod";

const UNITS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const DURATION = /^(\d+)(ms|s|m|h|d)$/;
const DURATION_TEXT = 'a duration such as "250ms", "30s", "5m", "2h" or "7d"';
/** A Standard execution of Step Functions lives at most one year. */
const MAX_DAYS = 365;

/** `250ms`, `30s`, `5m`, `2h`, `7d`: parsed to milliseconds. */
export const duration = z
  .string({ error: DURATION_TEXT })
  .regex(DURATION, { error: DURATION_TEXT })
  .transform((text): number => {
    const [, amount = "", unit = "ms"] = DURATION.exec(text) ?? [];
    return Number(amount) * UNITS[unit as keyof typeof UNITS];
  })
  .refine((milliseconds) => milliseconds <= MAX_DAYS * UNITS.d, {
    error: `a duration of at most ${String(MAX_DAYS)}d`,
  });

/**
 * A duration for `lock_timeout` or `statement_timeout`: never 0, which PostgreSQL takes for no limit at all, and below
 * the 45 s after which the Data API cancels the statement by itself.
 */
export const timeout = duration.refine((milliseconds) => milliseconds >= 1 && milliseconds <= 40 * UNITS.s, {
  error: "a duration from 1ms to 40s (0 would mean no limit to PostgreSQL)",
});

const IDENTIFIER_TEXT = "a name exactly as the catalog has it, without quotes";

/** An identifier exactly as the catalog has it: no folding to lower case, no quotes. */
export const identifierText = z
  .string({ error: IDENTIFIER_TEXT })
  .min(1, { error: IDENTIFIER_TEXT })
  .refine((text) => Buffer.byteLength(text) <= 63, { error: "an identifier of at most 63 bytes" })
  .refine((text) => !text.includes("\0"), { error: "an identifier without a NUL character" });

const TABLE_TEXT = 'a table as "schema.name", or { schema, name } where a name holds a dot';

/** `schema.table`, split at the first dot; names that hold a dot are written as `{ schema, name }`. */
export const tableName = z.union([
  z
    .string({ error: TABLE_TEXT })
    .regex(/^[^.]+\.[^.]+$/, { error: TABLE_TEXT })
    .transform((text) => {
      const [schema = "", name = ""] = text.split(".");
      return { schema, name };
    })
    .pipe(z.object({ schema: identifierText, name: identifierText })),
  z.strictObject({ schema: identifierText, name: identifierText }),
]);

const NAME_TEXT = "lower-case letters, digits and hyphens, at most 63, a letter first";

/** A migration's name: it names the flag, the AppConfig environment and objects in the database. */
export const migrationName = z.string({ error: NAME_TEXT }).regex(/^[a-z][a-z0-9-]{0,62}$/, { error: NAME_TEXT });
