import type { CheckResult, PreflightContext } from "./check.ts";

interface Problem {
  readonly object: string;
  readonly message: string;
  readonly remedy: string;
}

interface Findings {
  readonly ok: (object: string, message: string) => CheckResult;
  readonly warn: (problem: Problem) => CheckResult;
  readonly refuse: (problem: Problem) => CheckResult;
  /**
   * What a run must know and could not read: it does not begin. A look ahead warns only, since the person who looks
   * may read less than a run may.
   */
  readonly unread: (context: Pick<PreflightContext, "runId">, unread: Unread) => CheckResult;
}

interface Unread {
  readonly object: string;
  /** In the words of whoever could not be asked. */
  readonly problem: string;
}

/** Makes the results of one check. */
export function findings(check: string): Findings {
  return {
    ok: (object, message) => ({ check, severity: "ok", object, message, remedy: "" }),
    warn: (problem) => ({ check, severity: "warn", ...problem }),
    refuse: (problem) => ({ check, severity: "refuse", ...problem }),
    unread: ({ runId }, { object, problem }) => ({
      check,
      severity: runId === undefined ? "warn" : "refuse",
      object,
      message: `could not be read, and what cannot be read is not healthy: ${problem}`,
      remedy: "Mend that, then ask again",
    }),
  };
}

/** The problems, or else that all is well. */
export function orOk(problems: readonly CheckResult[], ok: CheckResult): readonly CheckResult[] {
  return problems.length > 0 ? problems : [ok];
}
