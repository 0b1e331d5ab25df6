import { z } from "zod";
import type { Catalog } from "../../core/catalog/catalog.ts";
import { catalogSchema } from "../../core/catalog/catalog-schema.ts";
import { readCatalog } from "../../core/catalog/read-catalog.ts";
import { ConfigurationInvalid } from "../../core/errors.ts";
import type { Database } from "../../core/ports.ts";
import { sql } from "../../core/sql/statement.ts";
import { readText } from "./files.ts";

/** A snapshot that `sluice plan --save-catalog FILE` wrote. @throws NotFound, ConfigurationInvalid. */
export async function catalogOfFile(file: string): Promise<Catalog> {
  const result = catalogSchema.safeParse(jsonOf(await readText(file)));
  if (result.success) return result.data;
  throw new ConfigurationInvalid({
    object: `catalog file "${file}"`,
    problem: `is not a catalog snapshot: ${z.prettifyError(result.error).split("\n").slice(0, 2).join(" ")}`,
    remedy: "Write one with sluice plan FILE --save-catalog FILE",
  });
}

/** One state of the database: every query of the catalog sees the same snapshot, and none can write. */
export async function catalogOfDatabase(
  database: Database,
  table: { readonly schema: string; readonly name: string },
): Promise<Catalog> {
  return database.transaction(async (session) => {
    await session.execute(sql`SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY`);
    return readCatalog(session, table);
  });
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
