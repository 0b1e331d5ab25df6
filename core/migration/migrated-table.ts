import { MigrationInvalid } from "../errors.ts";
import type { Migration } from "./schema.ts";

/**
 * The table that the migration's operation is about.
 *
 * @throws MigrationInvalid for an operation that the parser lets nobody write.
 */
export function migratedTable({ operation, migration }: Migration): { readonly schema: string; readonly name: string } {
  if (operation.rename_column) return operation.rename_column.table;
  throw new MigrationInvalid({
    object: `migration "${migration}"`,
    problem: `asks for operation ${Object.keys(operation).join(", ")}, which this version does not implement`,
    remedy: "Use rename_column",
  });
}
