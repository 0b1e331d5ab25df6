/**
 * Which step needs what. A handler's IAM policy and its environment follow from its row here and from nothing else;
 * `grants.ts` says what each need stands for. The ports that a step asks for in `core/run/` decide its row: a test
 * compares the two.
 */

/** Something outside the handler that it reads or changes. `write` includes `read`. */
export type Need =
  | "database"
  | "control:read"
  | "control:write"
  | "control:list"
  | "plans:read"
  | "plans:write"
  | "flags:read"
  | "flags:write"
  | "alarms"
  | "metrics"
  | "standbys"
  | "executions:describe"
  | "executions:stop"
  | "runs:start"
  | "rollbacks:start"
  | "operators"
  | "migrations";

/** One handler of `lambdas/`. */
export interface Handler {
  /** File name in `lambdas/`, without `.ts`; in PascalCase it is the construct id and the state's name. */
  readonly file: string;
  /**
   * Seconds until Lambda ends it. Below the `TimeoutSeconds` of its states, so that a retry after a timeout never
   * runs beside the call it replaces: by more than the 10 s of a cold start, which are not counted here. And above the
   * 60 s for which the Data API may keep a call waiting.
   */
  readonly timeoutSeconds: number;
  readonly needs: readonly Need[];
}

const QUICK = 100;
/** A worker's slice is at most 10 minutes; what is left is for the batch that is running when it ends. */
const SLICE = 870;

/** Every step of the state machines. */
export const HANDLERS = [
  {
    file: "preflight",
    timeoutSeconds: QUICK,
    needs: [
      "database",
      "control:write",
      "plans:write",
      "flags:read",
      "alarms",
      "metrics",
      "executions:describe",
      "migrations",
    ],
  },
  {
    file: "gate",
    timeoutSeconds: QUICK,
    needs: ["database", "control:write", "plans:read", "alarms", "metrics", "operators"],
  },
  {
    file: "standby",
    timeoutSeconds: QUICK,
    needs: ["database", "control:write", "plans:read", "standbys"],
  },
  { file: "expand", timeoutSeconds: QUICK, needs: ["database", "control:write", "plans:read"] },
  { file: "shards", timeoutSeconds: QUICK, needs: ["database", "control:write", "plans:read"] },
  { file: "backfill", timeoutSeconds: SLICE, needs: ["database", "control:read", "plans:read"] },
  { file: "indexes", timeoutSeconds: QUICK, needs: ["database", "control:read", "plans:read"] },
  { file: "validate", timeoutSeconds: SLICE, needs: ["database", "control:read", "plans:read"] },
  { file: "verdict", timeoutSeconds: QUICK, needs: ["database", "control:read", "plans:read"] },
  { file: "cutover", timeoutSeconds: QUICK, needs: ["database", "control:write", "plans:read", "flags:write"] },
  { file: "soak", timeoutSeconds: QUICK, needs: ["database", "control:write", "plans:read", "alarms"] },
  { file: "cooling", timeoutSeconds: QUICK, needs: ["database", "control:write", "plans:read", "alarms"] },
  { file: "claim-contract", timeoutSeconds: QUICK, needs: ["database", "control:write", "plans:read", "flags:read"] },
  { file: "contract", timeoutSeconds: QUICK, needs: ["database", "control:read", "plans:read", "flags:read"] },
  { file: "report", timeoutSeconds: QUICK, needs: ["database", "control:write", "plans:read", "operators"] },
  { file: "roll-back-again", timeoutSeconds: QUICK, needs: ["rollbacks:start"] },
  { file: "claim-rollback", timeoutSeconds: QUICK, needs: ["control:write"] },
  { file: "stop-run", timeoutSeconds: QUICK, needs: ["executions:stop"] },
  { file: "return-traffic", timeoutSeconds: QUICK, needs: ["flags:write"] },
  { file: "record-rollback", timeoutSeconds: QUICK, needs: ["database", "control:write", "operators"] },
  { file: "claim-undo", timeoutSeconds: QUICK, needs: ["database", "control:write", "flags:read"] },
  { file: "undo", timeoutSeconds: QUICK, needs: ["database", "control:read", "plans:read", "flags:read"] },
  { file: "record-undo", timeoutSeconds: QUICK, needs: ["database", "control:write", "operators"] },
] as const satisfies readonly Handler[];

/** What CloudWatch calls, through EventBridge, when an alarm fires. */
export const ALARM_HANDLER = {
  file: "on-alarm",
  timeoutSeconds: QUICK,
  needs: ["control:read", "control:list", "rollbacks:start", "operators"],
} as const satisfies Handler;

/** What people call with the command line: each is one function, so that IAM says who may do what. */
export const COMMAND_HANDLERS = [
  { file: "start", timeoutSeconds: QUICK, needs: ["control:write", "runs:start"] },
  { file: "approve", timeoutSeconds: QUICK, needs: ["control:write", "standbys"] },
  { file: "reject", timeoutSeconds: QUICK, needs: ["control:write", "standbys"] },
  { file: "pause", timeoutSeconds: QUICK, needs: ["control:write"] },
  { file: "resume", timeoutSeconds: QUICK, needs: ["control:write", "standbys"] },
] as const satisfies readonly Handler[];

/** `claim-rollback` to `ClaimRollback`. */
export function pascalCase(file: string): string {
  return file
    .split("-")
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join("");
}
