import type { Catalog } from "../../catalog/catalog.ts";
import { readCatalog } from "../../catalog/read-catalog.ts";
import { finishedRuns, openPlan, type OpenPlan } from "../../ledger/run.ts";
import { ensureLedger, ledgerExists } from "../../ledger/schema.ts";
import type { Migration } from "../../migration/schema.ts";
import { tableKeys, tablesOf } from "../../table-key.ts";
import type { Ports, RunRef } from "../run.ts";

/** What a run builds on: the table, and what the ledger, where there is one, knows of earlier runs. */
export interface State {
  readonly catalog: Catalog;
  /** The plan that an earlier run of the migration began and none has ended. */
  readonly open?: OpenPlan | undefined;
  /** How often the migration was carried to its end on this database, and once more. */
  readonly generation: number;
}

/** @throws LedgerTooNew */
export async function readState({ database }: Pick<Ports, "database">, migration: Migration): Promise<State> {
  const [table] = tablesOf(migration);
  const catalog = await readCatalog(database, table);
  // A DBA may have made the schema, with nothing in it yet; one that the role may not use is refused by preflight.
  if (!catalog.ledger.usable || !(await ledgerExists(database))) return { catalog, generation: 1 };
  await ensureLedger(database);
  const open = await openPlan(database, migration.migration);
  return { catalog, open, generation: 1 + (await finishedRuns(database, migration.migration)) };
}

/**
 * Whether contract has claimed the open plan. The run registry knows first: a run may have died between its claim and
 * the ledger, and a call of it that is still under way will drop the old shape.
 */
export async function phaseToResumeAt(
  { registry }: Pick<Ports, "registry">,
  migration: Migration,
  open: OpenPlan | undefined,
): Promise<RunRef["resumeAt"]> {
  if (!open) return "expand";
  if (open.contractBegun) return "contract";
  const holders = [...(await registry.lockHolders(tableKeys(migration))).values()];
  const claimed = holders.some(({ phase, planHash }) => phase === "contract" && planHash === open.planHash);
  return claimed ? "contract" : "expand";
}
