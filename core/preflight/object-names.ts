import type { TableCatalog } from "../catalog/catalog.ts";
import type { ColumnContext } from "./check.ts";

/** `table "crm.contacts"` */
export const tableObject = ({ schema, name }: Pick<TableCatalog, "schema" | "name">): string =>
  `table "${schema}.${name}"`;

/** `column "crm.contacts.lead_source"` */
export const columnObject = ({ schema, name }: Pick<TableCatalog, "schema" | "name">, column: string): string =>
  `column "${schema}.${name}.${column}"`;

/** The column that the operation is about. */
export const sourceObject = ({ table, source }: ColumnContext): string => columnObject(table, source.name);

/** `"a", "b"` */
export const quoted = (names: readonly string[]): string => names.map((name) => `"${name}"`).join(", ");
