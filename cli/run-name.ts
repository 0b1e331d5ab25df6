import { ConfigurationInvalid } from "../core/errors.ts";

/** Step Functions' limit on the name of an execution. */
const MAX_NAME = 80;
const ROLLBACK_PREFIX = "rollback-";
/** The rollback of a run is named `rollback-<run>`, so a run's own name has to leave room for that. */
export const MAX_RUN_NAME = MAX_NAME - ROLLBACK_PREFIX.length;

/** `20260131T101502` in UTC. */
function stamp(now: Date): string {
  return now.toISOString().slice(0, 19).replaceAll(/[-:]/g, "");
}

/** `<migration>-<stamp>`, the migration's name cut where the whole would be too long. */
export function runName(migration: string, now: Date): string {
  const end = `-${stamp(now)}`;
  return migration.slice(0, MAX_RUN_NAME - end.length) + end;
}

/** The one name of a run's rollback: Step Functions refuses a second one under it. */
export function rollbackName(run: string): string {
  return `${ROLLBACK_PREFIX}${run}`.slice(0, MAX_NAME);
}

/** A further try of a rollback that failed. */
export function retryName(run: string, now: Date): string {
  const end = `-${stamp(now)}`;
  return rollbackName(run).slice(0, MAX_NAME - end.length) + end;
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
