import { readCatalog } from "../../../core/catalog/read-catalog.ts";
import { migrationSchema, type MigrationInput } from "../../../core/migration/schema.ts";
import { migratedTable } from "../../../core/operations/migration-operations.ts";
import { planMigration } from "../../../core/plan/plan-migration.ts";
import type { DdlStep, Plan } from "../../../core/plan/plan.ts";
import type { FreshDatabase } from "../../support/postgres.ts";

export interface Rename {
  readonly table: MigrationTable;
  readonly from: string;
  readonly to: string;
}
type MigrationTable = string | { readonly schema: string; readonly name: string };

/** Plans the rename on the table as it is in the database. */
export async function planRename(fresh: FreshDatabase, rename: Rename): Promise<Plan> {
  const input: MigrationInput = {
    migration: "rename",
    description: "test",
    database: "test",
    operations: [{ rename_column: rename }],
  };
  const migration = migrationSchema.parse(input);
  return planMigration(migration, await readCatalog(fresh.database, migratedTable(migration)));
}

/** Runs steps as they stand in the plan, over a plain connection. */
export async function runSteps(fresh: FreshDatabase, steps: readonly DdlStep[]): Promise<void> {
  for (const step of steps) for (const statement of step.statements) await fresh.client.query(statement);
}

/** Expands a table: its history keeps the new side empty, as it is before the backfill. */
export async function expand(fresh: FreshDatabase, rename: Rename): Promise<Plan> {
  const plan = await planRename(fresh, rename);
  await fresh.client.query("CREATE SCHEMA IF NOT EXISTS sluice");
  await runSteps(fresh, plan.expand);
  return plan;
}
