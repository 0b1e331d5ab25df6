import { ConfigurationInvalid } from "../core/errors.ts";
import { MAX_RUN_NAME } from "../core/run-name.ts";

/** `20260131T101502` in UTC. */
function stamp(now: Date): string {
  return now.toISOString().slice(0, 19).replaceAll(/[-:]/g, "");
}

/** `<migration>-<stamp>`, the migration's name cut where the whole would be too long. */
export function runName(migration: string, now: Date): string {
  const end = `-${stamp(now)}`;
  return migration.slice(0, MAX_RUN_NAME - end.length) + end;
}

/**
 * The name of a run's undo; of its n-th try, from 1, in the way of its rollback's (`core/run-name.ts`): what
 * changes is in front, since behind the run's name it could belong to another run.
 */
export function undoName(run: string, attempt: number): string {
  return attempt === 1 ? `undo-${run}` : `undo${String(attempt)}-${run}`;
}

/** @throws ConfigurationInvalid where Step Functions would not take the name, or its rollback's. */
export function requireRunName(name: string): string {
  if (/^[A-Za-z0-9_-]+$/.test(name) && name.length <= MAX_RUN_NAME) return name;
  throw new ConfigurationInvalid({
    object: `--name "${name}"`,
    problem: "is not a name for a run",
    remedy: `Use letters, digits, hyphens and underscores, at most ${String(MAX_RUN_NAME)}`,
  });
}
