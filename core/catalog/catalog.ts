/**
 * What the planner and the pre-flight checks know of the database: one snapshot of PostgreSQL's catalogs, plain
 * data, so that a plan can be made from a saved file (`sluice plan --catalog FILE`) as well as from a live database.
 */

export interface Catalog {
  readonly format: 1;
  /** `server_version_num`, 170004 for 17.4. */
  readonly serverVersion: number;
  /** The role that Sluice connects as. */
  readonly role: { readonly name: string; readonly superuser: boolean; readonly mayCreateSchema: boolean };
  /** Whether schema `sluice` exists, and whether the role may use it. */
  readonly ledger: { readonly exists: boolean; readonly usable: boolean };
  /** `block_size` in bytes; 8192 unless PostgreSQL was built otherwise. */
  readonly blockSize: number;
  /** Undefined where there is no relation of that name. */
  readonly table?: TableCatalog | undefined;
}

export type RelationKind =
  | "table"
  | "partitioned table"
  | "view"
  | "materialized view"
  | "foreign table"
  | "sequence"
  | "composite type"
  | "index";

export interface TableCatalog {
  readonly schema: string;
  readonly name: string;
  readonly kind: RelationKind;
  readonly persistence: "permanent" | "unlogged" | "temporary";
  readonly owner: string;
  /** Whether Sluice's role may act as the owner: DDL needs it. */
  readonly roleOwns: boolean;
  /** Sums over all leaf partitions. `rows` is `reltuples`, 0 where never analysed. */
  readonly rows: number;
  readonly bytes: number;
  readonly blocks: number;
  readonly rowSecurity: boolean;
  /** This table is itself a partition or an inheritance child of these, as `schema.name`. */
  readonly parents: readonly string[];
  /** Children by plain inheritance (not partitions), as `schema.name`. */
  readonly inheritanceChildren: readonly string[];
  /** Columns of the partition keys, of this table and of every level below. Expressions count by their columns. */
  readonly partitionKeyColumns: readonly string[];
  /** Every partition below, at any level. */
  readonly partitions: readonly { readonly schema: string; readonly name: string; readonly kind: RelationKind }[];
  readonly columns: readonly ColumnCatalog[];
  readonly indexes: readonly IndexCatalog[];
  readonly constraints: readonly ConstraintCatalog[];
  /** User triggers (not internal ones), on the table itself. */
  readonly triggers: readonly TriggerCatalog[];
  /** What reads or names single columns: views, rules, policies, generated columns, publications, statistics. */
  readonly dependents: readonly DependentCatalog[];
}

export interface ColumnCatalog {
  readonly name: string;
  /** `format_type()`: `character varying(80)`, `numeric(12,2)`, `crm.stage`. Schema-qualified where not in pg_catalog. */
  readonly type: string;
  /** The base type's `schema.typname` beneath any domain: `pg_catalog.varchar`, `public.citext`. */
  readonly baseType: string;
  /** `typtype` of the declared type: base, composite, domain, enum, pseudo, range, multirange. */
  readonly typeKind: "base" | "composite" | "domain" | "enum" | "pseudo" | "range" | "multirange";
  /** Whether the type has a default btree or hash operator class, so that `=` is an equality. */
  readonly hasEquality: boolean;
  readonly notNull: boolean;
  /** `pg_get_expr` of the default; absent where none. */
  readonly default?: string | undefined;
  /** True where the default calls a volatile function (`nextval`, `random`, `clock_timestamp`). */
  readonly defaultVolatile: boolean;
  readonly generated: boolean;
  readonly identity: boolean;
  /** The column's collation as `schema.name` where it is not the type's default. */
  readonly collation?: { readonly schema: string; readonly name: string } | undefined;
  /** False for a nondeterministic collation, under which unequal texts compare equal. */
  readonly collationDeterministic: boolean;
  readonly comment?: string | undefined;
  /** Privileges granted on this single column. `grantee` is `PUBLIC` or a role name. */
  readonly grants: readonly {
    readonly grantee: string;
    readonly privilege: "SELECT" | "INSERT" | "UPDATE" | "REFERENCES";
    readonly grantable: boolean;
  }[];
}

export interface IndexCatalog {
  readonly schema: string;
  readonly name: string;
  readonly definition: string;
  readonly method: string;
  readonly unique: boolean;
  readonly primary: boolean;
  readonly valid: boolean;
  readonly nullsNotDistinct: boolean;
  /** Name of the constraint that owns it; absent where none. */
  readonly constraint?: string | undefined;
  /** The WHERE clause of a partial index, with the columns that it reads. */
  readonly predicate?: { readonly expression: string; readonly columns: readonly string[] } | undefined;
  /** `WITH (...)` options as PostgreSQL has them: `fillfactor=70`. */
  readonly options: readonly string[];
  readonly keys: readonly IndexKeyCatalog[];
  /** INCLUDE columns. */
  readonly include: readonly string[];
}

export interface IndexKeyCatalog {
  /** The column, or undefined for an expression. */
  readonly column?: string | undefined;
  readonly expression?: string | undefined;
  /** Columns that the expression reads. */
  readonly expressionColumns: readonly string[];
  /** `schema.name` of the operator class where it is not the type's default. */
  readonly operatorClass?: { readonly schema: string; readonly name: string } | undefined;
  /** The collation where it differs from the column's. */
  readonly collation?: { readonly schema: string; readonly name: string } | undefined;
  readonly descending: boolean;
  readonly nullsFirst: boolean;
}

export interface ConstraintCatalog {
  readonly name: string;
  readonly kind: "check" | "foreign key" | "primary key" | "unique" | "exclusion" | "not null" | "trigger";
  readonly columns: readonly string[];
  readonly definition: string;
  /** For a foreign key of another table that refers to this one: that table, as `schema.name`. */
  readonly referencedBy?: string | undefined;
}

export interface TriggerCatalog {
  readonly name: string;
  readonly timing: "before" | "after" | "instead of";
  readonly level: "row" | "statement";
  readonly events: readonly ("insert" | "update" | "delete" | "truncate")[];
  /** `origin`, `replica`, `always` or `disabled`. */
  readonly enabled: "origin" | "replica" | "always" | "disabled";
  readonly function: string;
  readonly definition: string;
  /** Columns of an `UPDATE OF` list; empty where none. */
  readonly updateOf: readonly string[];
}

export interface DependentCatalog {
  readonly kind:
    | "view"
    | "materialized view"
    | "rule"
    | "policy"
    | "generated column"
    | "publication"
    | "statistics"
    | "function"
    | "other";
  /** As a person names it: `reporting.contacts_by_source`. */
  readonly name: string;
  /** The columns of the table that it depends on. */
  readonly columns: readonly string[];
}
