/**
 * Which step needs what. A handler's IAM policy and its environment follow from its row here and from nothing else;
 * `grants.ts` says what each need stands for. The ports that a step asks for in `core/run/` decide its row: a test
 * compares the two.
 */

/** Something outside the handler that it reads or changes. `write` includes `read`. */
export type Need =
  | "database"
  | "registry:read"
  | "registry:write"
  | "registry:list"
  | "plans:read"
  | "plans:write"
  | "flags:read"
  | "flags:write"
  | "alarms"
  | "metrics"
  | "callbacks"
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
      "registry:write",
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
    needs: ["database", "registry:write", "plans:read", "alarms", "metrics", "operators"],
  },
  {
    file: "wait-for-callback",
    timeoutSeconds: QUICK,
    needs: ["database", "registry:write", "plans:read", "callbacks"],
  },
  { file: "expand", timeoutSeconds: QUICK, needs: ["database", "registry:write", "plans:read"] },
  { file: "shards", timeoutSeconds: QUICK, needs: ["database", "registry:write", "plans:read"] },
  { file: "backfill", timeoutSeconds: SLICE, needs: ["database", "registry:read", "plans:read"] },
  { file: "indexes", timeoutSeconds: QUICK, needs: ["database", "registry:read", "plans:read"] },
  { file: "validate", timeoutSeconds: SLICE, needs: ["database", "registry:read", "plans:read"] },
  { file: "validation-result", timeoutSeconds: QUICK, needs: ["database", "registry:read", "plans:read"] },
  { file: "cutover", timeoutSeconds: QUICK, needs: ["database", "registry:write", "plans:read", "flags:write"] },
  { file: "soak", timeoutSeconds: QUICK, needs: ["database", "registry:write", "plans:read", "alarms"] },
  { file: "cooling", timeoutSeconds: QUICK, needs: ["database", "registry:write", "plans:read", "alarms"] },
  { file: "claim-contract", timeoutSeconds: QUICK, needs: ["database", "registry:write", "plans:read", "flags:read"] },
  { file: "contract", timeoutSeconds: QUICK, needs: ["database", "registry:read", "plans:read", "flags:read"] },
  { file: "report", timeoutSeconds: QUICK, needs: ["database", "registry:write", "plans:read", "operators"] },
  { file: "roll-back-again", timeoutSeconds: QUICK, needs: ["rollbacks:start"] },
  { file: "claim-rollback", timeoutSeconds: QUICK, needs: ["registry:write"] },
  { file: "stop-run", timeoutSeconds: QUICK, needs: ["executions:stop"] },
  { file: "return-traffic", timeoutSeconds: QUICK, needs: ["flags:write"] },
  { file: "record-rollback", timeoutSeconds: QUICK, needs: ["database", "registry:write", "operators"] },
  { file: "claim-undo", timeoutSeconds: QUICK, needs: ["database", "registry:write", "flags:read"] },
  { file: "undo", timeoutSeconds: QUICK, needs: ["database", "registry:read", "plans:read", "flags:read"] },
  { file: "record-undo", timeoutSeconds: QUICK, needs: ["database", "registry:write", "operators"] },
] as const satisfies readonly Handler[];

/** What CloudWatch calls, through EventBridge, when an alarm fires. */
export const ALARM_HANDLER = {
  file: "on-alarm",
  timeoutSeconds: QUICK,
  needs: ["registry:read", "registry:list", "rollbacks:start", "operators"],
} as const satisfies Handler;

/** What people call with the command line: each is one function, so that IAM says who may do what. */
export const COMMAND_HANDLERS = [
  { file: "start", timeoutSeconds: QUICK, needs: ["registry:write", "runs:start"] },
  { file: "approve", timeoutSeconds: QUICK, needs: ["registry:write", "callbacks"] },
  { file: "reject", timeoutSeconds: QUICK, needs: ["registry:write", "callbacks"] },
  { file: "pause", timeoutSeconds: QUICK, needs: ["registry:write"] },
  { file: "resume", timeoutSeconds: QUICK, needs: ["registry:write", "callbacks"] },
] as const satisfies readonly Handler[];

/** `claim-rollback` to `ClaimRollback`. */
export function pascalCase(file: string): string {
  return file
    .split("-")
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join("");
}
