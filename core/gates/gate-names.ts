/** The gates of a run, in its order, each with when it is asked. */
export const GATE_DESCRIPTIONS = {
  before_expand: "Before the table gets its new column and triggers",
  before_backfill: "Before existing rows are backfilled",
  before_validate: "Before the validation",
  before_cutover: "Before the first traffic moves",
  between_steps:
    "Before each further step of the cutover, and all through its soak; its stable_for counts on from step to step",
  before_soak: "Before the soak with all traffic on the new path",
  before_cooling: "Before the days of cooling",
  before_contract: "Before the last validation, after which the old shape is dropped",
} as const;

/** A gate by the name that a migration file has for it. */
export type GateName = keyof typeof GATE_DESCRIPTIONS;

/** The gates of a run, in its order. */
export const GATES = Object.keys(GATE_DESCRIPTIONS) as readonly GateName[];

/** `gate before_cutover`, or with the condition: `gate before_cutover "no import runs"`. */
export const gateObject = (gate: GateName, condition?: string): string =>
  condition === undefined ? `gate ${gate}` : `gate ${gate} "${condition}"`;
