import { MAX_EXECUTION_NAME, MAX_RUN_NAME, ROLLBACK_PREFIX } from "../../../run-name.ts";
import { runCheck } from "../../define-check.ts";
import { ok, refuse } from "../../finding.ts";

/** A run that was named by hand in the console may have a name too long for its rollback to be started. */
export const runName = runCheck({
  name: "run-name",
  refusesOrWarns: "Refuses a name of more characters than leave room for the name of its rollback.",
  check({ runId }) {
    if (runId === undefined) return [];
    const object = `run "${runId}"`;
    if (runId.length <= MAX_RUN_NAME) return ok(object, "leaves room for the name of its rollback");
    return refuse({
      object,
      message: `has a name of ${String(runId.length)} characters, and its rollback "${ROLLBACK_PREFIX}<run>" could not be started: Step Functions takes ${String(MAX_EXECUTION_NAME)}`,
      remedy: `Start it under a name of at most ${String(MAX_RUN_NAME)} characters, or under none`,
    });
  },
});
