/**
 * The migration file. This schema is the one source of the types, of the JSON Schema for editors
 * (`docs/reference/migration.schema.json`) and of the reference page. It has room for what the design promises;
 * what this version does not implement yet is listed in `unimplemented.ts` and refused by name.
 */
import { z } from "zod";
import { gates } from "../gates/schema.ts";
import { OPERATIONS } from "../operations/registry.ts";
import { duration, identifierText, migrationName, timeout } from "./scalars.ts";

const column = identifierText;
const expression = z.string().min(1).describe("One SQL expression over the row's columns");

/** One key an operation; the registry has their schemas. */
const operation = z
  .strictObject(Object.fromEntries(OPERATIONS.map(({ name, schema }) => [name, schema.optional()])))
  .refine((entry) => Object.values(entry).filter((spec) => spec !== undefined).length === 1, {
    error: "exactly one operation an entry",
  })
  .describe("One change: the operation's name, and what it changes");

const softWindow = z.strictObject({
  days: z.array(z.enum(["mon", "tue", "wed", "thu", "fri", "sat", "sun"])).min(1),
  from: z.string().regex(/^\d\d:\d\d$/),
  to: z.string().regex(/^\d\d:\d\d$/),
  time_zone: z.string().min(1),
  workers: z.int().min(0),
});

const backfill = z
  .strictObject({
    workers: z.int().min(1).max(40).default(2).describe("Shards worked on at the same time"),
    shard_blocks: z.int().min(16).max(131_072).default(512).describe("Blocks of 8 KiB a shard"),
    batch: z
      .strictObject({
        target: duration.prefault("250ms").describe("The time that one batch should take; its size follows"),
        initial_blocks: z.int().min(1).max(4_096).default(64).describe("Blocks of 8 KiB in a worker's first batch"),
      })
      .prefault({})
      .describe("One batch is one statement and one transaction"),
    slice: duration
      .refine((milliseconds) => milliseconds >= 1_000, {
        error: "a duration of at least 1s: a worker of none does nothing",
      })
      .prefault("60s")
      .describe("How long a worker goes on in one Lambda invocation"),
    max_rows_per_second: z.int().min(1).optional(),
    soft_windows: z.array(softWindow).optional(),
    pause_on_alarms: z.array(z.string().min(1)).optional(),
    tenant_column: column.optional().describe("Names the tenant in the logs of each batch"),
  })
  .prefault({})
  .describe("How history is brought over");

const validate = z
  .strictObject({
    segments: z
      .array(column)
      .max(4)
      .default([])
      .describe("Columns by whose combinations rows are counted and compared"),
    max_divergence: z.number().min(0).max(1).default(0).describe("Largest share of rows that may differ"),
    workers: z.int().min(1).max(40).default(2).describe("Shards scanned at the same time"),
    shard_blocks: z.int().min(16).max(131_072).default(4_096).describe("Blocks of 8 KiB a shard"),
    top_n: z.array(z.strictObject({ column, n: z.int().min(1).max(1_000) })).optional(),
    sample: z.strictObject({ rows: z.int().min(1) }).optional(),
    rules: z.array(z.strictObject({ name: z.string().min(1), holds: expression })).optional(),
    cohorts: z.array(z.strictObject({ name: z.string().min(1), where: expression })).optional(),
  })
  .prefault({})
  .describe("What is proven before cutover and again before contract");

const share = {
  percent: z.int().min(0).max(100).optional().describe("Share of subjects, chosen by a stable hash; never goes down"),
  tenants: z.array(z.string().min(1)).min(1).optional().describe("These tenants in addition"),
  regions: z.array(z.string().min(1)).min(1).optional().describe("These regions in addition"),
};

const cutoverStep = z
  .strictObject({
    path: z.enum(["read", "write"]).describe("Which requests move: those that read the column or those that write it"),
    ...share,
    soak: duration.prefault("10m").describe("The time that the step runs before the gate is asked again"),
  })
  .refine((step) => [step.percent, step.tenants, step.regions].filter((part) => part !== undefined).length === 1, {
    error: "exactly one of percent, tenants, regions",
  })
  .describe("Widens one path to a share of traffic, to tenants or to regions");

const cutover = z
  .strictObject({
    steps: z
      .array(cutoverStep)
      .min(1)
      .refine((steps) => (["read", "write"] as const).every((path) => finalPercent(steps, path) === 100), {
        error: "steps that end with path read at percent 100 and path write at percent 100",
      })
      .refine((steps) => (["read", "write"] as const).every((path) => neverNarrows(steps, path)), {
        error: "percentages that never go down along a path",
      })
      .describe("In order; both paths end at percent 100"),
    shadow_reads: z.strictObject({ percent: z.number().min(0).max(100) }).optional(),
  })
  .prefault({
    steps: [
      { path: "read", percent: 5 },
      { path: "read", percent: 50 },
      { path: "read", percent: 100 },
      { path: "write", percent: 100 },
    ],
  })
  .describe("How traffic moves to the new path");

const contract = z
  .strictObject({
    cooling: duration.prefault("7d").describe("Time on the new path before anything is dropped"),
    consumers: z
      .array(
        z.strictObject({
          name: z.string().min(1).describe("As people call it"),
          kind: z.enum(["service", "job", "bi", "export", "role", "view"]).describe("What it is"),
          owner: z.string().min(1).describe("Whom to ask"),
          confirm: z
            .enum(["declared", "signal"])
            .default("declared")
            .describe("How it shows that it left the old shape"),
        }),
      )
      .default([])
      .describe("Who still used the old shape when the migration was written"),
    brownout: duration.optional(),
  })
  .prefault({})
  .describe("When and how the old shape goes");

export const migrationSchema = z
  .strictObject({
    $schema: z.string().optional().describe("This schema, for editors; no part of the migration"),
    migration: migrationName.describe("Its name, and the name of its flag: letters, digits, hyphens"),
    description: z.string().min(1).describe("What it is for, for people"),
    database: z.string().min(1).describe("A database that cdk.json names"),
    mode: z.enum(["safe", "aggressive"]).default("safe").describe("How much safety is given up for speed"),
    operations: z
      .array(operation)
      .min(1)
      .describe("What changes, in order; one flag, one cutover and one contract for all"),
    locks: z
      .strictObject({
        timeout: timeout.prefault("500ms").describe("The longest that our DDL waits for a lock, and makes others wait"),
        statement_timeout: timeout.prefault("5s").describe("The longest that it may then hold it"),
        attempts: z.int().min(1).max(1_000).default(120).describe("Tries for one lock before the run is rolled back"),
      })
      .prefault({})
      .describe("What our DDL may cost everybody else"),
    backfill,
    validate,
    gates,
    cutover,
    soak: duration.prefault("1h").describe("All traffic on the new path, alarms watched, before cooling starts"),
    contract,
  })
  .describe("One change to one database, from expand to contract");

/** What a person writes: optional keys left out, durations as text. */
export type MigrationInput = z.input<typeof migrationSchema>;
/** A migration as parsed: every default filled in, durations in milliseconds. */
export type Migration = z.output<typeof migrationSchema>;

interface Widening {
  readonly path: "read" | "write";
  readonly percent?: number | undefined;
}

function percentages(steps: readonly Widening[], path: Widening["path"]): number[] {
  return steps.flatMap((step) => (step.path === path && step.percent !== undefined ? [step.percent] : []));
}

function finalPercent(steps: readonly Widening[], path: Widening["path"]): number | undefined {
  return percentages(steps, path).at(-1);
}

function neverNarrows(steps: readonly Widening[], path: Widening["path"]): boolean {
  const shares = percentages(steps, path);
  return shares.every((share, index) => share >= (shares[index - 1] ?? 0));
}
