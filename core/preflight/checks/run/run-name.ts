import { MAX_EXECUTION_NAME, MAX_RUN_NAME, ROLLBACK_PREFIX } from "../../../run-name.ts";
import type { CheckResult, PreflightContext } from "../../check.ts";
import { findings } from "../../finding.ts";

const { ok, refuse } = findings("run-name");

/** A run that somebody named by hand in the console, at such length that nothing could roll it back. */
export function runName({ runId }: PreflightContext): CheckResult | readonly CheckResult[] {
  if (runId === undefined) return [];
  const object = `run "${runId}"`;
  if (runId.length <= MAX_RUN_NAME) return ok(object, "leaves room for the name of its rollback");
  return refuse({
    object,
    message: `has a name of ${String(runId.length)} characters, and its rollback "${ROLLBACK_PREFIX}<run>" could not be started: Step Functions takes ${String(MAX_EXECUTION_NAME)}`,
    remedy: `Start it under a name of at most ${String(MAX_RUN_NAME)} characters, or under none`,
  });
}
