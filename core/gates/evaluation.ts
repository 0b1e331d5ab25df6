import type { GateName } from "../migration/schema.ts";

/** One condition of a gate at one moment, as the ledger, the console and `sluice status` show it. */
export interface ConditionReading {
  readonly kind: "alarm" | "metric" | "sql" | "divergence" | "approval";
  /** The alarm's name, or what the migration calls it. */
  readonly name: string;
  /** What was read, `unreadable` where nothing could be. */
  readonly value: string;
  /** What is asked for: `OK for 300 s`, `at most 250`. */
  readonly threshold: string;
  /** `fail` is not waited for: an alarm that fires, a rejection. */
  readonly status: "pass" | "wait" | "fail";
  /** Why, for a person; empty where it passes. */
  readonly reason: string;
}

/** One look at a gate. */
export interface GateEvaluation {
  /** The gate's name, or the phase that is watched in the same way. */
  readonly gate: GateName | "soak" | "cooling";
  /** `callback`: everything else holds, and a person is asked. */
  readonly status: "pass" | "wait" | "ask" | "fail";
  readonly readings: readonly ConditionReading[];
  /**
   * Seconds for which everything but the approval has held without a break; of `stableForSeconds` that it must. Of soak and
   * cooling: how long they last already, and must.
   */
  readonly stableSeconds: number;
  readonly stableForSeconds: number;
  /** Seconds for which the gate has been waiting, of those that it may be. */
  readonly waitedSeconds: number;
  readonly timeoutSeconds: number;
}
