import { migratedTable } from "./operations/migration-operations.ts";
import type { Migration } from "./migration/schema.ts";

interface TableName {
  readonly schema: string;
  readonly name: string;
}

/** The tables that a migration touches: its run locks each. */
export function tablesOf(migration: Migration): readonly [TableName, ...TableName[]] {
  return [migratedTable(migration)];
}

/** The tables as the run registry names them: `database/schema.table`, the database as `cdk.json` has it. */
export function tableKeys(migration: Migration): readonly string[] {
  return tablesOf(migration).map(({ schema, name }) => `${migration.database}/${schema}.${name}`);
}

/** The database of a run, as `cdk.json` names it. Its tables are all of one. */
export function databaseOf({ tables: [table = ""] }: { readonly tables: readonly string[] }): string {
  return table.slice(0, Math.max(0, table.indexOf("/")));
}

/** For a message: `table "crm/public.a"`, or `tables "crm/public.a", "crm/public.b"`. */
export function tablesObject(tables: readonly string[]): string {
  return `${tables.length === 1 ? "table" : "tables"} ${tables.map((table) => `"${table}"`).join(", ")}`;
}
