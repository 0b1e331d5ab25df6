import type {
  Catalog,
  ColumnCatalog,
  DependentCatalog,
  IndexCatalog,
  TableCatalog,
  TriggerCatalog,
} from "../../../core/catalog/catalog.ts";
import type { MigrationInput } from "../../../core/migration/schema.ts";
import type { PreflightContext } from "../../../core/preflight/check.ts";
import { readAs } from "../../../core/reading.ts";
import { catalogOf, columnOf, contextOf, migrationOf, tableOf, UNREAD } from "./contexts.ts";
import { gateSituations } from "./gate-situations.ts";

const GIB = 2 ** 30;
const NO_TIMEOUTS = { maxConnections: 200, statementTimeout: 0, lockTimeout: 0, idleInTransactionTimeout: 0 };

/** A word of a name, made plain, of mixed case, with a dot, with a quote. */
export type Spelling = (word: string) => string;

/**
 * Contexts that bring every check to every message that it has; each is well but for one thing. `spell` spells what
 * the owner of a database names: schema, table, columns, indexes, triggers, functions, roles.
 */
export function situations(spell: Spelling): readonly PreflightContext[] {
  const at = new World(spell);
  return [at.context({}), ...runs(at), ...servers(at), ...tables(at), ...columns(at), ...gateSituations(at)];
}

/** What the situations are made of: a database whose names are spelled in one way. */
export class World {
  readonly spell: Spelling;
  readonly schema: string;
  readonly source: string;
  readonly target: string;

  constructor(spell: Spelling) {
    this.spell = spell;
    this.schema = spell("crm");
    this.source = spell("lead_source");
    this.target = spell("acquisition_channel");
  }

  /** As PostgreSQL's `quote_ident` writes it. */
  ident(word: string): string {
    const name = this.spell(word);
    return /^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`;
  }

  /** The same of names in the schema, as `format('%I.%I')` writes them. */
  sql(...words: readonly string[]): string {
    return ["crm", ...words].map((word) => this.ident(word)).join(".");
  }

  context(changes: Partial<PreflightContext>): PreflightContext {
    return contextOf({ migration: this.migration({}), catalog: this.catalog(), ...changes });
  }

  migrated(changes: Partial<MigrationInput>, others: Partial<PreflightContext> = {}): PreflightContext {
    return this.context({ ...others, migration: this.migration(changes) });
  }

  renamed(names: { readonly from?: string; readonly to?: string }): PreflightContext {
    return this.context({ migration: this.migration({}, names) });
  }

  private migration(changes: Partial<MigrationInput>, names: object = {}): PreflightContext["migration"] {
    const table = { schema: this.schema, name: this.spell("contacts") };
    const rename_column = { table, from: this.source, to: this.target, functions: [], ...names };
    return { ...migrationOf(changes), operations: [{ rename_column }] };
  }

  catalog(changes: Partial<Catalog> = {}): Catalog {
    const role = { name: this.spell("sluice"), superuser: false, mayCreateSchema: true };
    return catalogOf({ role, table: this.table(), ...changes });
  }

  table(changes: Partial<TableCatalog> = {}): TableCatalog {
    const columns = [columnOf({ name: "tenant_id" }), this.column()];
    return tableOf({
      schema: this.schema,
      name: this.spell("contacts"),
      owner: this.spell("crm"),
      columns,
      ...changes,
    });
  }

  column(changes: Partial<ColumnCatalog> = {}): ColumnCatalog {
    return columnOf({ name: this.source, ...changes });
  }

  tabled(changes: Partial<TableCatalog>, others: Partial<PreflightContext> = {}): PreflightContext {
    return this.context({ ...others, catalog: this.catalog({ table: this.table(changes) }) });
  }

  sourced(changes: Partial<ColumnCatalog>): PreflightContext {
    return this.tabled({ columns: [this.column(changes)] });
  }

  index(changes: Partial<IndexCatalog>): IndexCatalog {
    return {
      schema: this.schema,
      name: this.spell("contacts_source"),
      definition: "CREATE INDEX ...",
      method: "btree",
      unique: false,
      primary: false,
      valid: true,
      nullsNotDistinct: false,
      options: [],
      keys: [{ column: this.source, expressionColumns: [], descending: false, nullsFirst: false }],
      include: [],
      ...changes,
    };
  }

  trigger(changes: Partial<TriggerCatalog>): TriggerCatalog {
    return {
      name: this.spell("touch"),
      timing: "before",
      level: "row",
      events: ["insert", "update"],
      enabled: "origin",
      function: this.sql("touch"),
      definition: "CREATE TRIGGER touch ...",
      updateOf: [],
      ...changes,
    };
  }
}

function runs(at: World): readonly PreflightContext[] {
  const holder = {
    runId: "run-0",
    migration: "other",
    planHash: "h",
    executionArn: "arn",
    table: "crm/crm.contacts",
    phase: "backfill",
    startedAt: "2026-01-01T00:00:00Z",
    updatedAt: "2026-01-01T00:00:00Z",
    alarms: [],
  } as const;
  const readers = (count: number): readonly string[] =>
    Array.from({ length: count }, (_, index) => at.spell(`role_${String(index)}`));
  const hasty = [
    { path: "read", percent: 100, soak: "299s" },
    { path: "write", percent: 100, soak: "5m" },
  ] as const;
  return [
    at.context({ runId: "r".repeat(72) }),
    at.context({ flagExists: readAs(false) }),
    at.context({ flagExists: UNREAD }),
    at.context({ flagExists: UNREAD, runId: undefined }),
    at.context({ holder: readAs(holder) }),
    at.context({ holder: readAs(undefined) }),
    at.context({ holder: UNREAD, runId: undefined }),
    at.migrated({ contract: { cooling: "365d" } }),
    at.migrated({ soak: "599s", cutover: { steps: [...hasty] } }),
    at.migrated({ contract: { cooling: "0s" } }),
    at.migrated({ contract: { cooling: "6d" } }),
    at.migrated({ contract: { cooling: "5s" } }, { catalog: at.catalog({ table: at.table({ bytes: 3 * GIB }) }) }),
    ...[1, 2, 12].map((count) =>
      at.migrated({ contract: {} }, { catalog: at.catalog({ table: at.table({ readers: readers(count) }) }) }),
    ),
    at.migrated({ validate: {} }),
    at.migrated({ gates: {} }),
    at.migrated({ gates: { before_backfill: { approval: {} } } }),
    at.migrated({ gates: { before_contract: { approval: {}, on_fail: "pause" } } }),
  ];
}

function servers(at: World): readonly PreflightContext[] {
  const indexes = [at.index({})];
  const timeouts = (settings: Partial<Catalog["settings"]>): PreflightContext =>
    at.context({ catalog: at.catalog({ settings: { ...NO_TIMEOUTS, ...settings }, table: at.table({ indexes }) }) });
  const oldest = { owner: "session 4711 of role bi", state: "idle in transaction", seconds: 754 };
  const slots = readAs([{ name: "old_cdc", bytes: 5 * GIB }]);
  return [
    at.context({ catalog: at.catalog({ serverVersion: 130_022, table: undefined }) }),
    at.context({ catalog: at.catalog({ serverVersion: 190_000 }) }),
    timeouts({ statementTimeout: 500 }),
    timeouts({ lockTimeout: 1 }),
    timeouts({ idleInTransactionTimeout: 1_999 }),
    at.context({ transactions: UNREAD }),
    at.context({ transactions: readAs({ oldest, hidden: 0 }) }),
    at.context({ transactions: readAs({ hidden: 1 }) }),
    at.context({ transactions: readAs({ hidden: 2 }) }),
    at.context({ slots: UNREAD }),
    at.context({ slots }),
    at.context({ slots, catalog: at.catalog({ table: undefined }) }),
  ];
}

function tables(at: World): readonly PreflightContext[] {
  const sync = at.trigger({ name: "~sluice_insert" });
  const poor = { name: at.spell("sluice"), superuser: false, mayCreateSchema: false };
  const few = { catalog: at.catalog({ settings: { ...NO_TIMEOUTS, maxConnections: 40 } }) };
  const partition = { schema: at.schema, name: at.spell("archive"), kind: "foreign table" } as const;
  return [
    at.context({ catalog: at.catalog({ table: undefined }) }),
    at.tabled({ kind: "view" }),
    at.tabled({ kind: "partitioned table" }),
    at.tabled({ persistence: "temporary" }),
    at.tabled({ persistence: "unlogged" }),
    at.tabled({ typed: true }),
    at.tabled({ accessMethods: ["columnar", "heap"] }),
    at.tabled({ rows: 0, blocks: 12 }),
    at.tabled({ rows: 1, blocks: 1 }),
    at.tabled({ roleOwns: false }),
    at.context({ catalog: at.catalog({ ledger: { exists: true, usable: false } }) }),
    at.context({ catalog: at.catalog({ role: poor }) }),
    at.tabled({ rowSecurity: true }),
    at.tabled({ parents: [at.sql("people")], inheritanceChildren: [at.sql("old"), at.sql("older")] }),
    at.tabled({ partitions: [partition] }),
    at.tabled({ triggers: [sync] }),
    at.tabled({ triggers: [sync] }, { resuming: true }),
    at.tabled({ triggers: [at.trigger({ name: `~${at.spell("zz")}` })] }),
    at.tabled({ triggers: [at.trigger({})] }),
    at.tabled({ triggers: [at.trigger({ events: ["insert"] })] }),
    ...[32_769, 131_072].map((shard_blocks) =>
      at.migrated({ validate: { shard_blocks } }, { catalog: at.catalog({ table: at.table({ blocks: 1_000_000 }) }) }),
    ),
    at.migrated({ backfill: { batch: { target: "2500ms" } } }),
    at.migrated({ backfill: { workers: 1 } }),
    at.migrated({ backfill: { workers: 3 } }, { catalog: at.catalog({ table: at.table({ blocks: 1 }) }) }),
    at.migrated({ backfill: { workers: 11 } }, few),
    at.migrated({ validate: { workers: 11 } }, few),
    at.tabled({ bytes: 11 * GIB, blocks: 1_441_792, rows: 504_000_000 }),
  ];
}

function columns(at: World): readonly PreflightContext[] {
  const added = at.column({ name: at.target });
  return [
    at.renamed({ from: `${at.source}s` }),
    at.renamed({ from: "zzzzzzzz" }),
    at.tabled({ columns: [added] }, { resuming: true }),
    at.renamed({ to: "ctid" }),
    at.tabled({ columns: [at.column(), added] }),
    at.tabled({ columns: [at.column(), added] }, { resuming: true }),
    at.tabled({ columns: [at.column(), { ...added, type: "bigint" }] }, { resuming: true }),
    at.sourced({ generated: true }),
    at.sourced({ identity: true, notNull: true, default: "random()", defaultVolatile: true }),
    at.tabled({ partitionKeyColumns: [at.source] }),
    ...indexes(at).map((index) => at.tabled({ indexes: [index] })),
    at.tabled({ indexes: [at.index({})], kind: "partitioned table" }),
    at.tabled({ indexes: [at.index({})], mayCreateIndexes: false }),
    ...dependents(at).map((dependent) => at.tabled({ dependents: [dependent] })),
    at.tabled({ triggers: [at.trigger({ updateOf: [at.source] })] }),
    at.tabled({ triggers: [at.trigger({ functionColumns: [at.source] })] }),
  ];
}

function indexes(at: World): readonly IndexCatalog[] {
  const key = { expressionColumns: [], descending: false, nullsFirst: false };
  return [
    at.index({}),
    at.index({ valid: false }),
    at.index({ unique: true }),
    at.index({ keys: [{ ...key, expression: "lower(...)", expressionColumns: [at.source] }] }),
    at.index({ keys: [{ ...key, column: "tenant_id" }], predicate: { expression: "...", columns: [at.source] } }),
    at.index({ keys: [{ ...key, column: at.source, operatorClassOptions: ["siglen=64"] }] }),
  ];
}

function dependents(at: World): readonly DependentCatalog[] {
  const columns = [at.source];
  const table = at.sql("contacts");
  const keep = at.ident("keep");
  return [
    { kind: "view", name: at.sql("by_source"), columns },
    { kind: "publication", name: keep, columns },
    { kind: "publication", name: keep, columns: [] },
    { kind: "function", name: `${at.sql("label")}(${table})`, columns: [] },
    { kind: "view", name: at.sql("counts"), columns: [] },
  ];
}
