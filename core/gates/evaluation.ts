/** One condition of a gate at one moment, as the ledger, the console and `sluice status` show it. */
export interface ConditionReading {
  /** Of `conditions/registry.ts`; in what another version of Sluice wrote, perhaps another. */
  readonly kind: string;
  /** The alarm's name, or what the migration calls it. */
  readonly name: string;
  /** What was read, `unreadable` where nothing could be. */
  readonly value: string;
  /** What is asked for: `OK for 300 s`, `at most 250`. */
  readonly threshold: string;
  /** `fail` is not waited for: an alarm that fires, a rejection. */
  readonly status: "pass" | "wait" | "fail";
  /** Why, for the operator; empty where it passes. */
  readonly reason: string;
}

/** One evaluation of a gate. */
export interface GateEvaluation {
  /** The gate's name, or the phase that is watched in the same way: `soak`, `cooling`. */
  readonly gate: string;
  /** `ask`: every other condition passes, and people are asked. */
  readonly status: "pass" | "wait" | "ask" | "fail";
  readonly readings: readonly ConditionReading[];
  /**
   * Seconds for which every condition that people do not fulfil has passed without a break, of the `stableForSeconds`
   * that it must. Of soak and cooling: how long they last already, and must.
   */
  readonly stableSeconds: number;
  readonly stableForSeconds: number;
  /** Seconds for which the gate has been waiting, of those that it may. */
  readonly waitedSeconds: number;
  readonly timeoutSeconds: number;
}
