import type { IndexCatalog, IndexKeyCatalog } from "../catalog/catalog.ts";
import type { DdlStep } from "../plan/plan.ts";
import { literal, MAX_IDENTIFIER_BYTES, objectName } from "../sql/identifier.ts";
import { fragment, join, name, raw, type Raw } from "../sql/statement.ts";
import { concurrentIndex } from "./ddl-step.ts";
import type { ColumnPair } from "./column-sync.ts";

/** Indexes that hold the old column as a plain key or an INCLUDE column: each is built again over the new one. */
export function carriedIndexes(pair: ColumnPair, indexes: readonly IndexCatalog[]): readonly DdlStep[] {
  // Two indexes of one name would pass for one: the second would be found valid, and never built.
  const taken = new Set(indexes.map((index) => index.name));
  return indexesToCarry(pair, indexes).map((index) => {
    const renamed = carriedName(index.name, pair, taken);
    taken.add(renamed);
    return concurrentIndex({
      id: `index-${index.name}`,
      title: `Build index ${renamed} as ${index.name} is, over ${pair.to}`,
      statement: definition(index, renamed, pair).text,
      index: { schema: index.schema, name: renamed },
    });
  });
}

/** The indexes that go with the old column, and that {@link carriedIndexes} builds again. */
export function indexesToCarry({ column }: ColumnPair, indexes: readonly IndexCatalog[]): readonly IndexCatalog[] {
  return indexes.filter((index) => index.valid && holdsColumn(index, column.name));
}

function holdsColumn(index: IndexCatalog, column: string): boolean {
  return index.include.includes(column) || index.keys.some((key) => key.column === column);
}

/** `contacts_tenant_id_lead_source_idx` becomes `contacts_tenant_id_acquisition_channel_idx`. */
function carriedName(old: string, { column, to }: ColumnPair, taken: ReadonlySet<string>): string {
  const appended = `${old}_${to}`;
  // A function, since `$&` in a name is no pattern.
  const preferred = [old.includes(column.name) ? old.replace(column.name, () => to) : appended, appended];
  const free = preferred.find((name) => Buffer.byteLength(name) <= MAX_IDENTIFIER_BYTES && !taken.has(name));
  if (free !== undefined) return free;
  let candidate = objectName(old, to);
  for (let number = 2; taken.has(candidate); number += 1) candidate = objectName(old, to, String(number));
  return candidate;
}

function definition(index: IndexCatalog, renamed: string, pair: ColumnPair): Raw {
  const swap = (column: string): string => (column === pair.column.name ? pair.to : column);
  const keys = join(index.keys.map((key) => keyDefinition(key, swap)));
  const include =
    index.include.length === 0 ? "" : ` INCLUDE (${join(index.include.map((column) => name(swap(column)))).text})`;
  const nulls = index.nullsNotDistinct ? " NULLS NOT DISTINCT" : "";
  const options = index.options.length === 0 ? "" : ` WITH (${index.options.map(option).join(", ")})`;
  const where = index.predicate === undefined ? "" : ` WHERE ${index.predicate.expression}`;
  const table = name(pair.table.schema, pair.table.name);
  return fragment`CREATE INDEX CONCURRENTLY ${name(renamed)} ON ${table} USING ${name(index.method)} (${keys})${raw(include + nulls + options + where)}`;
}

function keyDefinition(key: IndexKeyCatalog, swap: (column: string) => string): Raw {
  const parts = [key.column === undefined ? `(${key.expression ?? ""})` : name(swap(key.column)).text];
  if (key.collation) parts.push("COLLATE", name(key.collation.schema, key.collation.name).text);
  if (key.operatorClass) parts.push(name(key.operatorClass.schema, key.operatorClass.name).text);
  if (key.descending) parts.push("DESC");
  // PostgreSQL's default is NULLS LAST for ascending and NULLS FIRST for descending keys.
  if (key.nullsFirst !== key.descending) parts.push(key.nullsFirst ? "NULLS FIRST" : "NULLS LAST");
  return raw(parts.join(" "));
}

function option(text: string): string {
  const [key = "", ...value] = text.split("=");
  return `${name(key).text} = ${literal(value.join("="))}`;
}
