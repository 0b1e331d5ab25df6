import { NotFound } from "../errors.ts";
import type { RunRegistry, RunRecord } from "../ports.ts";

/** @throws NotFound where the run registry has no run of this name. */
export async function requireRun(registry: Pick<RunRegistry, "run">, runId: string): Promise<RunRecord> {
  const record = await registry.run(runId);
  if (record) return record;
  throw new NotFound({
    object: `run "${runId}"`,
    problem: "is not in the run registry",
    remedy: "List the runs: sluice status",
  });
}

/** Why nobody can hold the run up or let it go on any more; undefined while somebody can. */
export function terminalReason({ phase, reason, updatedAt }: RunRecord): string | undefined {
  switch (phase) {
    case "rolled-back":
      return `was rolled back at ${updatedAt}: ${reason ?? "no reason was given"}`;
    case "undoing":
      return "was rolled back, and is being undone";
    case "undone":
      return `was rolled back, and undone at ${updatedAt}`;
    case "done":
      return `was done at ${updatedAt}`;
    case "contract":
      return "is in contract: the old shape is being removed, and there is no way back";
    case "preflight":
    case "expand":
    case "backfill":
    case "validate":
    case "cutover":
    case "soak":
    case "cooling":
      return undefined;
    default:
      return phase satisfies never;
  }
}
