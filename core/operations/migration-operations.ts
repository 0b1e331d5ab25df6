import { MigrationInvalid } from "../errors.ts";
import type { BoundOperation, TableName } from "./operation.ts";
import { OPERATIONS } from "./registry.ts";

/** An entry of `operations:` in a migration file: the operation's name, and its values. */
export type OperationEntry = Readonly<Record<string, unknown>>;

interface Operated {
  readonly migration: string;
  readonly operations: readonly OperationEntry[];
}

/** The operations of a migration in the order of its file. */
export function operationsOf({ operations }: Pick<Operated, "operations">): readonly BoundOperation[] {
  return operations.flatMap((entry) =>
    OPERATIONS.filter(({ name }) => entry[name] !== undefined).map((operation) =>
      operation.bind(entry[operation.name]),
    ),
  );
}

/**
 * The table that the migration changes.
 *
 * @throws MigrationInvalid where its operations name several.
 */
export function migratedTable(migration: Operated): TableName {
  const tables = new Map(operationsOf(migration).map(({ table }) => [JSON.stringify(table), table]));
  const [table, ...others] = tables.values();
  if (table && others.length === 0) return table;
  throw new MigrationInvalid({
    object: `migration "${migration.migration}"`,
    problem: `has operations on ${String(tables.size)} tables: ${[...tables.values()].map(({ schema, name }) => `"${schema}.${name}"`).join(", ")}`,
    remedy: "Write one migration a table",
  });
}

/** Whether any operation moves traffic by the flag; where none does, no phase from cutover to cooling has work. */
export function movesTraffic(migration: Pick<Operated, "operations">): boolean {
  return operationsOf(migration).some(({ traffic }) => traffic);
}
