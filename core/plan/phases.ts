/**
 * The phases of a run in their order; `rolled-back` can follow every one before `contract`, and `undoing` and
 * `undone` follow that when somebody asks for it.
 */
export const PHASES = [
  "preflight",
  "expand",
  "backfill",
  "validate",
  "cutover",
  "soak",
  "cooling",
  "contract",
  "done",
  "rolled-back",
  "undoing",
  "undone",
] as const;

export type Phase = (typeof PHASES)[number];

/** From these a rollback may claim the run: until contract starts, one flag flip returns all traffic. */
export const REVERSIBLE: readonly Phase[] = [
  "preflight",
  "expand",
  "backfill",
  "validate",
  "cutover",
  "soak",
  "cooling",
];

/** The phases from which a step may enter `to`: the one before it, and itself, since every step is re-entrant. */
export function enters(to: Exclude<Phase, "rolled-back" | "undoing" | "undone">): readonly Phase[] {
  const at = PHASES.indexOf(to);
  return PHASES.slice(Math.max(0, at - 1), at + 1);
}
