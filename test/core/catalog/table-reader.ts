import { readCatalog } from "../../../core/catalog/read-catalog.ts";
import type { Catalog, TableCatalog } from "../../../core/catalog/catalog.ts";
import type { FreshDatabase } from "../../support/postgres.ts";

/** Sets up schema `crm` anew. It stands in everybody's search_path, so that a text which leans on it shows. */
export async function crmSchema(db: FreshDatabase, setup: string): Promise<void> {
  await db.client.query(
    `DROP SCHEMA IF EXISTS crm CASCADE; CREATE SCHEMA crm; SET search_path = crm, public; ${setup}`,
  );
}

/** Reads `crm.contacts`, or another table of `crm`, the way that the product does: over the Data API. */
export async function readTable(db: FreshDatabase, name = "contacts"): Promise<TableCatalog> {
  const { table } = await readCrm(db, name);
  if (!table) throw new Error(`no table crm.${name}`);
  return table;
}

export const readCrm = async (db: FreshDatabase, name = "contacts"): Promise<Catalog> =>
  readCatalog(db.database, { schema: "crm", name });

/** The database's sessions find `crm` and `public` without qualification from now on. */
export async function searchPathOfCrm(db: FreshDatabase): Promise<void> {
  await db.client.query(`ALTER DATABASE ${db.name} SET search_path = crm, public`);
}
