import type { IndexCatalog, IndexKeyCatalog, TableCatalog } from "../../catalog/catalog.ts";
import type { DdlStep } from "../../plan/plan.ts";
import { MAX_IDENTIFIER_BYTES, objectName } from "../../sql/identifier.ts";
import { fragment, join, name, raw, type Raw } from "../../sql/statement.ts";
import type { ColumnPair } from "./column-pair.ts";
import { concurrentIndex } from "./ddl-step.ts";
import { option } from "./mirror-column.ts";

/** An index of the old column that readers of the mirror do without, and why. */
export interface UnmirroredIndex {
  readonly index: IndexCatalog;
  readonly reason: string;
}

export interface MirrorIndexes {
  readonly steps: readonly DdlStep[];
  readonly without: readonly UnmirroredIndex[];
}

/**
 * The indexes that readers, writers and `ON CONFLICT` of the new name need while the mirror serves traffic: those of
 * the old column, unique ones included, over the mirror. They go with it at contract, where the old column, and its
 * own indexes, take the new name.
 *
 * A deferrable constraint's index is built without its uniqueness: it would be checked too early, and nothing can name
 * it in `ON CONFLICT`.
 */
export function mirrorIndexes(pair: ColumnPair, table: TableCatalog): MirrorIndexes {
  // Two indexes of one name would pass for one: the second would be found valid, and never built.
  const taken = new Set(table.indexes.map((index) => index.name));
  const without: UnmirroredIndex[] = [];
  const steps = indexesOf(table, pair.column.name).flatMap((index) => {
    const reason = whyUnmirrored(index, table, pair.column.name);
    if (reason !== undefined) {
      without.push({ index, reason });
      return [];
    }
    const renamed = mirrorName(index.name, pair, taken);
    taken.add(renamed);
    return [step(index, renamed, pair)];
  });
  return { steps, without };
}

/** Every index of the table that holds or reads the column. */
export function indexesOf(table: TableCatalog, column: string): readonly IndexCatalog[] {
  return table.indexes.filter(
    (index) =>
      index.include.includes(column) || index.keys.some((key) => key.column === column) || reads(index, column),
  );
}

function reads({ keys, predicate }: IndexCatalog, column: string): boolean {
  return (
    keys.some(({ expressionColumns }) => expressionColumns.includes(column)) ||
    (predicate?.columns.includes(column) ?? false)
  );
}

function whyUnmirrored(index: IndexCatalog, table: TableCatalog, column: string): string | undefined {
  if (!index.valid) return "it is invalid";
  if (table.kind === "partitioned table") return "no index of a partitioned table can be built concurrently";
  if (reads(index, column)) return "it reads the column in an expression or in its WHERE clause";
  if (index.keys.some(({ operatorClassOptions = [] }) => operatorClassOptions.length > 0)) {
    return "its operator class has options";
  }
  return undefined;
}

function step(index: IndexCatalog, renamed: string, pair: ColumnPair): DdlStep {
  return concurrentIndex({
    id: `index-${index.name}`,
    title: `Build index ${renamed} as ${index.name} is, over ${pair.to}`,
    statement: definition(index, renamed, pair).text,
    index: { schema: index.schema, name: renamed },
  });
}

/** `contacts_tenant_id_lead_source_idx` becomes `contacts_tenant_id_acquisition_channel_idx`. */
function mirrorName(old: string, { column, to }: ColumnPair, taken: ReadonlySet<string>): string {
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
  const unique = raw(index.unique && index.deferrable !== true ? "UNIQUE " : "");
  const keys = join(index.keys.map((key) => keyDefinition(key, swap)));
  const include =
    index.include.length === 0 ? "" : ` INCLUDE (${join(index.include.map((column) => name(swap(column)))).text})`;
  const nulls = index.nullsNotDistinct ? " NULLS NOT DISTINCT" : "";
  const options = index.options.length === 0 ? "" : ` WITH (${index.options.map(option).join(", ")})`;
  const where = index.predicate === undefined ? "" : ` WHERE ${index.predicate.expression}`;
  const table = name(pair.table.schema, pair.table.name);
  return fragment`CREATE ${unique}INDEX CONCURRENTLY ${name(renamed)} ON ${table} USING ${name(index.method)} (${keys})${raw(include + nulls + options + where)}`;
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
