import type { DdlStep, LockMode, Precondition } from "../../plan/plan.ts";

/** The locks of a migration's own DDL, from its `locks` section; milliseconds. */
export interface LockLimits {
  readonly lockTimeoutMs: number;
  readonly statementTimeoutMs: number;
}

interface Transactional {
  readonly id: string;
  readonly title: string;
  readonly statements: readonly string[];
  readonly lock: LockMode;
  readonly limits: LockLimits;
  readonly requires?: Precondition;
}

/** A step whose statements take effect together, under lock_timeout and statement_timeout. */
export function transactional({ limits, ...step }: Transactional): DdlStep {
  return { ...step, mode: "transaction", blocks: blockedBy(step.lock), ...limits };
}

/** An index built without holding writers up. It has no lock_timeout: it waits for old snapshots, and must. */
export function concurrentIndex(step: {
  readonly id: string;
  readonly title: string;
  readonly statement: string;
  readonly index: { readonly schema: string; readonly name: string };
}): DdlStep {
  return {
    id: step.id,
    title: step.title,
    statements: [step.statement],
    mode: "concurrent",
    lock: "SHARE UPDATE EXCLUSIVE",
    blocks: "nobody",
    lockTimeoutMs: 0,
    statementTimeoutMs: 0,
    index: step.index,
  };
}

/** Whom a table lock holds up (https://www.postgresql.org/docs/17/explicit-locking.html, table 13.2). */
function blockedBy(lock: LockMode): DdlStep["blocks"] {
  switch (lock) {
    case "none":
    case "ACCESS SHARE":
    case "ROW SHARE":
    case "ROW EXCLUSIVE":
    case "SHARE UPDATE EXCLUSIVE":
      return "nobody";
    case "SHARE ROW EXCLUSIVE":
      return "writers";
    case "ACCESS EXCLUSIVE":
      return "readers and writers";
    default:
      return lock satisfies never;
  }
}
