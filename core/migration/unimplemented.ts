/**
 * What the schema has room for and this version does not do. A migration that asks for one of these is refused by
 * name: an option that is silently ignored is a promise that is silently broken.
 */
import { duration } from "./scalars.ts";

export interface Unimplemented {
  /** The key, `[]` for every item of a list: `contract.consumers[].confirm`. */
  readonly path: string;
  /** What the author can do today. */
  readonly instead: string;
  /** Which values are refused, for the message and the reference; every value where absent. */
  readonly only?: { readonly text: string; readonly refuses: (value: unknown) => boolean };
}

const MAX_SLICE_MS = 600_000;

const only = (refused: string | boolean): NonNullable<Unimplemented["only"]> => ({
  text: String(refused),
  refuses: (value) => value === refused,
});

/** A Lambda invocation ends after 15 minutes; a slice must leave it time for its last batch and for retries. */
const aboveLongestSlice: NonNullable<Unimplemented["only"]> = {
  text: "above 10m",
  refuses: (value) => (duration.safeParse(value).data ?? 0) > MAX_SLICE_MS,
};

export const UNIMPLEMENTED: readonly Unimplemented[] = [
  { path: "mode", only: only("aggressive"), instead: 'leave it out or use "safe"' },
  { path: "backfill.slice", only: aboveLongestSlice, instead: "use at most 10m: a worker goes on with its next slice" },
  { path: "backfill.max_rows_per_second", instead: "lower backfill.workers or backfill.batch.target" },
  { path: "backfill.soft_windows", instead: "start the run outside the peak and lower backfill.workers" },
  {
    path: "backfill.pause_on_alarms",
    instead: "list the alarms under gates.alarms: one that fires ends the run and returns traffic",
  },
  { path: "backfill.tenant_column", instead: "leave it out: batches are logged by shard" },
  { path: "validate.top_n", instead: "name the column in validate.segments, which counts each of its values" },
  { path: "validate.sample", instead: "leave it out: every row is compared" },
  { path: "validate.rules", instead: "leave it out and check the rule by hand before cutover" },
  { path: "validate.cohorts", instead: "name the columns that make the cohort in validate.segments" },
  { path: "cutover.shadow_reads", instead: "begin cutover.steps with a small percent of path read" },
  { path: "contract.brownout", instead: "leave it out and give contract.cooling the time" },
  {
    path: "contract.consumers[].confirm",
    only: only("signal"),
    instead: 'leave it out or use "declared", and ask the owner',
  },
];

export interface UnimplementedUse {
  readonly path: readonly (string | number)[];
  readonly value: unknown;
  readonly entry: Unimplemented;
}

/** Every use of an unimplemented key in a migration as written (before zod), in the order of the list. */
export function findUnimplemented(written: unknown): readonly UnimplementedUse[] {
  return UNIMPLEMENTED.flatMap((entry) =>
    matches(written, entry.path.replaceAll("[]", ".[]").split("."), [])
      .filter(({ value }) => entry.only?.refuses(value) ?? true)
      .map((match) => ({ ...match, entry })),
  );
}

type Match = Omit<UnimplementedUse, "entry">;

function matches(value: unknown, keys: readonly string[], path: Match["path"]): readonly Match[] {
  const [key, ...rest] = keys;
  if (value === undefined || value === null) return [];
  if (key === undefined) return [{ path, value }];
  if (key === "[]") {
    return Array.isArray(value) ? value.flatMap((item, index) => matches(item, rest, [...path, index])) : [];
  }
  if (typeof value !== "object" || !Object.hasOwn(value, key)) return [];
  return matches((value as Record<string, unknown>)[key], rest, [...path, key]);
}
