import { ConfigurationInvalid } from "../core/errors.ts";
import { MAX_EXECUTION_NAME as MAX_NAME, MAX_RUN_NAME, ROLLBACK_PREFIX } from "../core/preflight/run-name.ts";

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
