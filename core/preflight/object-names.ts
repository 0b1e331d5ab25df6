import { messageName, messageNameOfSql } from "../sql/message-name.ts";
import type { TableCatalog, TriggerCatalog } from "../catalog/catalog.ts";

/** `table "crm.contacts"` */
export const tableObject = ({ schema, name }: Pick<TableCatalog, "schema" | "name">): string =>
  `table ${messageName(schema, name)}`;

/** `column "crm.contacts.lead_source"` */
export const columnObject = ({ schema, name }: Pick<TableCatalog, "schema" | "name">, column: string): string =>
  `column ${messageName(schema, name, column)}`;

/** `role "sluice"` */
export const roleObject = (role: string): string => `role ${messageName(role)}`;

/** `trigger "touch"` */
export const triggerObject = ({ name }: Pick<TriggerCatalog, "name">): string => `trigger ${messageName(name)}`;

/** `"a", "b"` */
export const quoted = (names: readonly string[]): string => names.map((name) => messageName(name)).join(", ");

/** The same of names as PostgreSQL writes them in SQL: `"crm.a", "crm.B"` of `crm.a` and `crm."B"`. */
export const quotedSql = (names: readonly string[]): string => names.map(messageNameOfSql).join(", ");
