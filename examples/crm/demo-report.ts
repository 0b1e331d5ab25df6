import type { RunReport } from "../../core/run/report.ts";
import { PHASES } from "../../core/plan/phases.ts";
import type { LatencySummary } from "./latency-log.ts";
import type { LockWait } from "./lock-monitor.ts";
import type { WriteVerdict } from "./verify-writes.ts";

/** Everything that the demo found out. Latencies in milliseconds, times in seconds. */
export interface DemoReport {
  readonly migration: string;
  /** Whether the run was carried to its end. */
  readonly succeeded: boolean;
  /** Why not. */
  readonly failure?: string | undefined;
  /** What the execution returned; absent where it failed. */
  readonly run?: RunReport | undefined;
  readonly contacts: number;
  readonly application: {
    readonly all: LatencySummary;
    readonly before: LatencySummary;
    readonly during: LatencySummary;
    readonly after: LatencySummary;
    readonly byPhase: Readonly<Record<string, LatencySummary>>;
    /** Answers that did not hold what had been acknowledged. */
    readonly contradictions: number;
    /** The first distinct error messages. */
    readonly messages: readonly string[];
  };
  readonly locks: { readonly longest?: LockWait | undefined; readonly samples: number };
  readonly writes: WriteVerdict;
}

/** One number that has to be 0, and what it counts. */
export interface Zero {
  readonly name: string;
  readonly count: number;
}

/** The numbers that decide whether the demo went well. */
export function zeros({ run, application, writes }: DemoReport): readonly Zero[] {
  return [
    { name: "application errors", count: application.all.errors },
    { name: "divergence", count: divergence(run) },
    { name: "lost writes", count: writes.lost },
    { name: "history changed", count: writes.changed },
    { name: "stale reads", count: application.contradictions },
  ];
}

/** True only where the run was carried through, something was measured, and all that has to be 0 is. */
export function wentWell(report: DemoReport): boolean {
  const { succeeded, run, application, locks, writes } = report;
  const measured = application.during.requests > 0 && locks.samples > 0 && writes.acknowledged > 0;
  return succeeded && run !== undefined && measured && zeros(report).every(({ count }) => count === 0);
}

/** The phases of a run, in which requests are counted as "during". */
export const RUN_PHASES: readonly string[] = PHASES;

function divergence(run: RunReport | undefined): number {
  if (run === undefined) return 0;
  return [run.beforeCutover, run.beforeContract].reduce(
    (sum, { mismatches, differingSegments }) => sum + Math.max(mismatches, differingSegments),
    0,
  );
}
