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
  /** Whether schema `sluice` exists, and whether the role may use it and create in it. */
  readonly ledger: { readonly exists: boolean; readonly usable: boolean };
  /** `block_size` in bytes; 8192 unless PostgreSQL was built otherwise. */
  readonly blockSize: number;
  readonly settings?: ServerSettings | undefined;
  /** Undefined where there is no relation of that name. */
  readonly table?: TableCatalog | undefined;
}

/**
 * What a session of our role starts with: the server's settings, the database's, the role's. Timeouts in milliseconds,
 * 0 for none.
 */
export interface ServerSettings {
  readonly maxConnections: number;
  readonly statementTimeout: number;
  readonly lockTimeout: number;
  readonly idleInTransactionTimeout: number;
  /** Since PostgreSQL 17. */
  readonly transactionTimeout?: number | undefined;
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
  /** Whether Sluice's role may act as the owner of the table and of every partition: DDL needs it. */
  readonly roleOwns: boolean;
  /** Whether the role may create in the table's schema: CREATE INDEX needs it. */
  readonly mayCreateIndexes?: boolean | undefined;
  /** Access methods of the table, or of its leaf partitions: `heap`. */
  readonly accessMethods?: readonly string[] | undefined;
  /** Whether it is a typed table (`CREATE TABLE ... OF type`), to which no column can be added. */
  readonly typed?: boolean | undefined;
  /**
   * Sums over all leaf partitions. `rows` is `reltuples`, 0 where never analysed; `bytes` has the heap and its TOAST
   * table, no indexes; `blocks` is the main fork alone.
   */
  readonly rows: number;
  readonly bytes: number;
  readonly blocks: number;
  /** Who may read the table or a column of it by a grant: role names, or `PUBLIC`. Neither the owner nor our own role. */
  readonly readers?: readonly string[] | undefined;
  readonly rowSecurity: boolean;
  /** Whether policies filter what Sluice's role sees of the table or of a partition. */
  readonly rowSecurityActive?: boolean | undefined;
  /** This table is itself a partition or an inheritance child of these, as `schema.name`. */
  readonly parents: readonly string[];
  /** Children by plain inheritance (not partitions), as `schema.name`. */
  readonly inheritanceChildren: readonly string[];
  /** Columns of the partition keys, of this table and of every level below. Expressions count by their columns. */
  readonly partitionKeyColumns: readonly string[];
  /** Every partition below, at any level. */
  readonly partitions: readonly { readonly schema: string; readonly name: string; readonly kind: RelationKind }[];
  readonly columns: readonly ColumnCatalog[];
  /** The table's own, then those of a single partition: see `partition`. So for constraints and triggers. */
  readonly indexes: readonly IndexCatalog[];
  readonly constraints: readonly ConstraintCatalog[];
  /** User triggers (not internal ones); a partition's clone of a trigger above it is left out. */
  readonly triggers: readonly TriggerCatalog[];
  /**
   * What reads or names single columns: views, rules, policies, generated columns, publications, statistics. Also,
   * with no columns, what reads the table without naming one: a view that counts, a publication of whole rows, a
   * function over the table's row type.
   */
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
  /** Whether a domain in the type has a NOT NULL or CHECK: adding such a column rewrites the table. */
  readonly domainConstrained?: boolean | undefined;
  /** The type beneath any domains, with its modifier: `character varying(80)`. */
  readonly underlyingType?: string | undefined;
  /** Storage, where it is not the type's own: `PLAIN`, `EXTERNAL`, `EXTENDED`, `MAIN`. */
  readonly storage?: string | undefined;
  /** Compression method, where it is not the server's default: `lz4`. */
  readonly compression?: string | undefined;
  /** Statistics target, where it is not the server's default. */
  readonly statisticsTarget?: number | undefined;
  /** Attribute options as PostgreSQL has them: `n_distinct=-0.2`. */
  readonly options?: readonly string[] | undefined;
  /** `pg_get_expr` of the default, the column's own or else its domain's; absent where none or generated. */
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
  /** The partition that it is on, as `schema.name`, where no index of the table is above it. */
  readonly partition?: string | undefined;
  readonly nullsNotDistinct: boolean;
  /** True of a deferrable constraint's index, which checks uniqueness at the end of a statement or a transaction. */
  readonly deferrable?: boolean | undefined;
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
  /** Columns that the expression reads; of an index over several expressions, those of all of them. */
  readonly expressionColumns: readonly string[];
  /** `schema.name` of the operator class where it is not the type's default. */
  readonly operatorClass?: { readonly schema: string; readonly name: string } | undefined;
  /** Parameters of the operator class as PostgreSQL has them: `siglen=64`. */
  readonly operatorClassOptions?: readonly string[] | undefined;
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
  /** The partition that it is on, as `schema.name`, where it is not the table's. */
  readonly partition?: string | undefined;
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
  /** Columns that the trigger itself names, in `UPDATE OF` or `WHEN`: they cannot be dropped before it. */
  readonly columns?: readonly string[] | undefined;
  /** Columns that the function's text names as `NEW.column` or `OLD.column`. */
  readonly functionColumns?: readonly string[] | undefined;
  /** The partition that it is on, as `schema.name`, where it is not the table's. */
  readonly partition?: string | undefined;
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
