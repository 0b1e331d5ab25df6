import type { CheckResult } from "./check.ts";

interface Problem {
  readonly object: string;
  readonly message: string;
  readonly remedy: string;
}

interface Findings {
  readonly ok: (object: string, message: string) => CheckResult;
  readonly warn: (problem: Problem) => CheckResult;
  readonly refuse: (problem: Problem) => CheckResult;
}

/** Makes the results of one check. */
export function findings(check: string): Findings {
  return {
    ok: (object, message) => ({ check, verdict: "ok", object, message, remedy: "" }),
    warn: (problem) => ({ check, verdict: "warn", ...problem }),
    refuse: (problem) => ({ check, verdict: "refuse", ...problem }),
  };
}

/** The problems, or else that all is well. */
export function orOk(problems: readonly CheckResult[], ok: CheckResult): readonly CheckResult[] {
  return problems.length > 0 ? problems : [ok];
}
