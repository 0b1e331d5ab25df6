import type { ColumnCatalog } from "../../catalog/catalog.ts";
import { literal } from "../../sql/identifier.ts";
import { fragment, name, raw, type Raw } from "../../sql/statement.ts";
import type { ColumnPair } from "./column-pair.ts";

/**
 * Adds the mirror of a column: nullable, without a default or a constraint of its own, and otherwise as `pg_attribute`
 * has the old one, so that its values are stored, planned and readable in the same way.
 *
 * Under a domain with a constraint the mirror has the type beneath: PostgreSQL would scan the table to add the domain,
 * and the old column is held to it for both.
 */
export function addMirror({ table, column, to }: ColumnPair): readonly Raw[] {
  const target = fragment`ALTER TABLE ${name(table.schema, table.name)}`;
  const mirror = name(to);
  const alter = (what: Raw): Raw => fragment`${target} ALTER COLUMN ${mirror} SET ${what}`;
  const { storage, compression, statisticsTarget, options } = column;
  return [
    fragment`${target} ADD COLUMN ${mirror} ${raw(mirrorType(column))}${collation(column)}`,
    ...(storage === undefined ? [] : [alter(fragment`STORAGE ${raw(storage)}`)]),
    ...(compression === undefined ? [] : [alter(fragment`COMPRESSION ${raw(compression)}`)]),
    ...(statisticsTarget === undefined ? [] : [alter(fragment`STATISTICS ${raw(String(statisticsTarget))}`)]),
    ...(options === undefined ? [] : [alter(fragment`(${raw(options.map(option).join(", "))})`)]),
    ...grants({ table, column, to }),
  ];
}

/** The mirror's type, as `format_type()` prints it. */
export function mirrorType({ type, baseType, underlyingType, domainConstrained }: ColumnCatalog): string {
  return domainConstrained === true ? (underlyingType ?? baseType) : type;
}

function collation({ collation: own }: ColumnCatalog): Raw {
  return own ? fragment` COLLATE ${name(own.schema, own.name)}` : raw("");
}

/** `n_distinct=-0.2` as `n_distinct = '-0.2'`. */
export function option(text: string): string {
  const [key = "", ...value] = text.split("=");
  return `${name(key).text} = ${literal(value.join("="))}`;
}

function grants({ table, column, to }: ColumnPair): readonly Raw[] {
  return column.grants.map(({ privilege, grantee, grantable }) => {
    const role = grantee === "PUBLIC" ? raw("PUBLIC") : name(grantee);
    const option = raw(grantable ? " WITH GRANT OPTION" : "");
    return fragment`GRANT ${raw(privilege)} (${name(to)}) ON ${name(table.schema, table.name)} TO ${role}${option}`;
  });
}

export function dropColumn({ table, to }: ColumnPair, ifExists = false): Raw {
  return fragment`ALTER TABLE ${name(table.schema, table.name)} DROP COLUMN ${raw(ifExists ? "IF EXISTS " : "")}${name(to)}`;
}
