/**
 * The migration file. This schema is the one source of the types, of the JSON Schema for editors
 * (`docs/reference/migration.schema.json`) and of the reference page. It has room for what the design promises;
 * what this version does not implement yet is listed in `unimplemented.ts` and refused by name.
 */
import { z } from "zod";
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

const alarmName = z.string().min(1).max(255);

const metric = z
  .strictObject({
    namespace: z.string().min(1).describe("CloudWatch namespace"),
    metric: z.string().min(1).describe("CloudWatch metric name"),
    dimensions: z.record(z.string().min(1), z.string().min(1)).default({}).describe("All of the metric's dimensions"),
    statistic: z
      .string()
      .regex(/^(Average|Sum|Minimum|Maximum|SampleCount|p\d{1,2}(\.\d+)?|p100)$/, {
        error: "Average, Sum, Minimum, Maximum, SampleCount or a percentile such as p99",
      })
      .describe("Statistic over each period"),
  })
  .describe("One metric of CloudWatch");

/**
 * Of the last 15 days CloudWatch keeps a point a minute, of what is older only one in 5 minutes, and then in an hour.
 * Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricStat.html
 */
const MAX_OVER_MS = 15 * 86_400_000;

const threshold = z
  .strictObject({
    name: z.string().min(1).describe("As people call it"),
    metrics: z
      .record(z.string().regex(/^[a-z][A-Za-z0-9_]{0,254}$/, { error: "an id such as errors" }), metric)
      .refine((all) => Object.keys(all).length > 0, { error: "at least one metric" })
      .describe("By the id that the expression has for them"),
    expression: z
      .string()
      .min(1)
      .optional()
      .describe('Metric math over the ids, such as "100 * errors / requests"; needless for one metric'),
    period: duration
      .refine((milliseconds) => milliseconds > 0 && milliseconds % 60_000 === 0, { error: "whole minutes" })
      .prefault("1m")
      .describe("Width of a data point"),
    over: duration
      .refine((milliseconds) => milliseconds <= MAX_OVER_MS, {
        error: "a duration of at most 15d: CloudWatch has coarser points of what is older",
      })
      .prefault("5m")
      .describe("How far back is looked; the worst point counts, and none is not healthy"),
    at_most: z.number().optional().describe("No point above this"),
    at_least: z.number().optional().describe("No point below this"),
  })
  .refine(({ at_most, at_least }) => (at_most === undefined) !== (at_least === undefined), {
    error: "exactly one of at_most, at_least",
  })
  .refine(({ metrics, expression }) => expression !== undefined || Object.keys(metrics).length === 1, {
    error: "an expression over its metrics",
  })
  .refine(({ period, over }) => over >= period, { error: "at least one period", path: ["over"] })
  .describe("A metric, or metric math, held to a threshold");

const gate = z
  .strictObject({
    alarms: z
      .strictObject({
        names: z.array(alarmName).min(1).describe("CloudWatch alarms, metric or composite"),
        ok_for: duration.prefault("5m").describe("How long each must have been OK without a break"),
      })
      .optional()
      .describe("Alarms that must have been OK for a while"),
    metrics: z.array(threshold).min(1).optional().describe("Metrics held to a threshold"),
    sql: z
      .array(
        z.strictObject({
          name: z.string().min(1).describe("As people call it"),
          holds: expression.describe("A boolean SQL expression, in a read-only transaction; null does not hold"),
        }),
      )
      .min(1)
      .optional()
      .describe("Predicates of the migrated database"),
    divergence: z
      .strictObject({ at_most: z.number().min(0).max(1).describe("Largest share of rows that may differ, 0 to 1") })
      .optional()
      .describe("What the run's last proof found; only after the validation"),
    approval: z
      .strictObject({
        within: duration
          .refine((milliseconds) => milliseconds >= 1_000, { error: "a duration of at least 1s" })
          .prefault("3d")
          .describe("Time to decide; then the gate fails"),
        self_approval: z.boolean().default(true).describe("Whether the person who started the run may approve it"),
      })
      .optional()
      .describe("A person decides, after all else holds"),
    hold: duration.prefault("0s").describe("How long all else must hold without a break; alone, a plain soak"),
    timeout: duration.optional().describe("How long the gate may wait, approval aside (default: gates.timeout)"),
    on_fail: z.enum(["rollback", "pause"]).default("rollback").describe("What a failed gate does to the run"),
  })
  .describe("What must hold for the run to go on");

const GATE_SCHEMAS = {
  before_expand: gate.optional().describe("Before the table gets its new column and triggers"),
  before_backfill: gate.optional().describe("Before history is brought over"),
  before_validate: gate.optional().describe("Before the proof of equality"),
  before_cutover: gate.optional().describe("Before the first traffic moves"),
  between_steps: gate
    .optional()
    .describe(
      "Before each further step of the cutover, and all through its soak; its hold counts on from step to step",
    ),
  before_soak: gate.optional().describe("Before the soak with all traffic on the new path"),
  before_cooling: gate.optional().describe("Before the days of cooling"),
  before_contract: gate.optional().describe("Before the last proof, after which the old shape is dropped"),
};

/** The gates of a run, in its order. */
export const GATES = Object.keys(GATE_SCHEMAS) as readonly (keyof typeof GATE_SCHEMAS)[];

/** A gate by the name that a migration file has for it. */
export type GateName = keyof typeof GATE_SCHEMAS;

const gates = z
  .strictObject({
    alarms: z
      .array(alarmName)
      .default([])
      .describe("Alarms that must be OK at every gate; one that fires from expand to cooling returns all traffic"),
    timeout: duration.prefault("30m").describe("How long a gate may wait before it fails"),
    poll: duration.prefault("30s").describe("Between two looks; longer where a gate may wait for hours or days"),
    ...GATE_SCHEMAS,
  })
  .prefault({})
  .describe("What must be healthy for the run to go on, and who must say so");

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
