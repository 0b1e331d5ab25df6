import type { Finding, PreflightContext } from "./check.ts";

interface Problem {
  readonly object: string;
  readonly message: string;
  readonly remedy: string;
}

interface Unread {
  readonly object: string;
  /** As the service that did not answer says it. */
  readonly problem: string;
}

export const ok = (object: string, message: string): Finding => ({ severity: "ok", object, message, remedy: "" });

export const warn = (problem: Problem): Finding => ({ severity: "warn", ...problem });

export const refuse = (problem: Problem): Finding => ({ severity: "refuse", ...problem });

/**
 * What a run must know and could not read: it does not begin. A preflight without a run warns only, since the operator
 * may read less than a run may.
 */
export const unread = ({ runId }: Pick<PreflightContext, "runId">, { object, problem }: Unread): Finding => ({
  severity: runId === undefined ? "warn" : "refuse",
  object,
  message: `could not be read; treated as unhealthy: ${problem}`,
  remedy: "Fix it and rerun preflight",
});

/** The problems, or `ok` where there are none. */
export function orOk<F extends Finding>(problems: readonly F[], ok: F): readonly F[] {
  return problems.length > 0 ? problems : [ok];
}
