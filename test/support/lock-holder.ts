import type { RunRecord, RunRegistry } from "../../core/ports.ts";

/** The run that has a table locked; undefined where none has. */
export async function lockHolder(
  registry: Pick<RunRegistry, "lockHolders">,
  table: string,
): Promise<RunRecord | undefined> {
  return (await registry.lockHolders([table])).get(table);
}
