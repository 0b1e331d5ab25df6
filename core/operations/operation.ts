import type { z } from "zod";
import type { TableCatalog } from "../catalog/catalog.ts";
import type { DdlStep } from "../plan/plan.ts";
import type { CheckProps, TableContext } from "../preflight/check.ts";
import type { Raw } from "../sql/statement.ts";
import type { ColumnPair } from "./toolkit/column-pair.ts";
import type { LockLimits } from "./toolkit/ddl-step.ts";

export interface TableName {
  readonly schema: string;
  readonly name: string;
}

/** What one operation contributes to a plan: SQL as data, each part empty where the operation has no work for it. */
export interface OperationPlan {
  /** One line for a person. */
  readonly summary: string;
  /** Additive steps, in order. The sync triggers of `pairs` are created behind those of all operations. */
  readonly expand: readonly DdlStep[];
  /** Columns that the planner keeps in sync from the end of expand until contract, backfills and validates. */
  readonly pairs: readonly ColumnPair[];
  /** Built after the backfill, so that its updates stay HOT. */
  readonly indexes: readonly DdlStep[];
  /** Columns that expand adds and that contract, or an undo, drops again, with the indexes that this plan builds on them. */
  readonly mirrors: readonly MirrorColumn[];
  /** Queries with a row, and a text `problem` in it, for each thing that contract would break; empty where there is none. */
  readonly contractRequires: readonly Raw[];
  /** Statements of the table's contract transaction; the sync triggers are dropped first in it. */
  readonly contract: readonly Raw[];
  /** The same of its undo transaction. */
  readonly undo: readonly Raw[];
  /** Facts that refuse nothing. */
  readonly notes: readonly string[];
}

export interface MirrorColumn {
  readonly column: string;
  /** Names, without the schema. */
  readonly indexes: readonly string[];
}

/** What an operation may read while it plans. */
export interface OperationContext {
  readonly table: TableCatalog;
  readonly limits: LockLimits;
}

/** What a preflight check of an operation may read: its table, and what the migration file says of the operation. */
export interface OperationCheckContext<Spec> extends TableContext {
  readonly spec: Spec;
}

export type OperationCheck<Spec> = CheckProps<OperationCheckContext<Spec>>;

interface OperationDefinition<S extends z.ZodType> {
  /** Its key in a migration file: `rename_column`. */
  readonly name: string;
  /** What the file says of it; its description is the reference's. */
  readonly schema: S;
  readonly table: (spec: z.output<S>) => TableName;
  /** Columns that exist from the end of expand on, and not before: a gate's predicate may name them. */
  readonly addedColumns: (spec: z.output<S>) => readonly string[];
  /** Whether its plan builds an index, for which no limit of time is known; absent: never. */
  readonly buildsIndexes?: (spec: z.output<S>, table: TableCatalog) => boolean;
  /** Whether traffic moves by a flag between an old and a new path. */
  readonly traffic: boolean;
  /** Pure. @throws NotFound where what it names is not in the catalog. */
  readonly plan: (spec: z.output<S>, context: OperationContext) => OperationPlan;
  /** In the order in which they run and are shown; run once for each use of the operation in a migration. */
  readonly checks: readonly OperationCheck<z.output<S>>[];
}

/** One operation of one migration, its values bound. */
export interface BoundOperation {
  readonly name: string;
  readonly table: TableName;
  readonly addedColumns: readonly string[];
  readonly traffic: boolean;
  buildsIndexes(table: TableCatalog): boolean;
  plan(context: OperationContext): OperationPlan;
}

/** An operation as the registry holds it: its values are checked by its own schema before `bind` gets them. */
export interface Operation {
  readonly name: string;
  readonly schema: z.ZodType;
  readonly checks: readonly OperationCheck<unknown>[];
  bind(spec: unknown): BoundOperation;
}

/**
 * Defines one kind of change: everything that the product knows of it is here.
 *
 * @example
 * export const renameColumn = defineOperation({ name: "rename_column", schema, ... });
 */
export function defineOperation<S extends z.ZodType>(definition: OperationDefinition<S>): Operation {
  const { name, schema, traffic } = definition;
  return {
    name,
    schema,
    checks: definition.checks.map((each) => ({
      ...each,
      check: (context) => each.check({ ...context, spec: context.spec as z.output<S> }),
    })),
    bind: (parsed) => {
      const spec = parsed as z.output<S>;
      return {
        name,
        traffic,
        table: definition.table(spec),
        addedColumns: definition.addedColumns(spec),
        buildsIndexes: (table) => definition.buildsIndexes?.(spec, table) ?? false,
        plan: (context) => definition.plan(spec, context),
      };
    },
  };
}
