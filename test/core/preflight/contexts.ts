import type { Catalog, ColumnCatalog, TableCatalog } from "../../../core/catalog/catalog.ts";
import { migrationSchema, type Migration, type MigrationInput } from "../../../core/migration/schema.ts";
import type { AlarmState } from "../../../core/ports.ts";
import type { CheckResult, ColumnContext, PreflightContext, TableContext } from "../../../core/preflight/check.ts";
import { NOT_ASKED, readAs } from "../../../core/preflight/reading.ts";

/** The example's migration, production times and all: nothing in it is to be warned of. */
export function migrationOf(changes: Partial<MigrationInput> = {}): Migration {
  return migrationSchema.parse({
    migration: "contact-acquisition-channel",
    description: "Rename contacts.lead_source",
    database: "crm",
    operations: [{ rename_column: { table: "crm.contacts", from: "lead_source", to: "acquisition_channel" } }],
    validate: { segments: ["tenant_id"] },
    gates: { alarms: ["crm-errors"] },
    contract: { consumers: [{ name: "crm-app", kind: "service", owner: "crm-team" }] },
    ...changes,
  } satisfies MigrationInput);
}

export const columnOf = (changes: Partial<ColumnCatalog> = {}): ColumnCatalog => ({
  name: "lead_source",
  type: "text",
  baseType: "pg_catalog.text",
  typeKind: "base",
  hasEquality: true,
  notNull: false,
  defaultVolatile: false,
  generated: false,
  identity: false,
  collationDeterministic: true,
  grants: [],
  ...changes,
});

export const tableOf = (changes: Partial<TableCatalog> = {}): TableCatalog => ({
  schema: "crm",
  name: "contacts",
  kind: "table",
  persistence: "permanent",
  owner: "crm",
  roleOwns: true,
  rows: 1_000_000,
  bytes: 81_920_000,
  blocks: 10_000,
  rowSecurity: false,
  parents: [],
  inheritanceChildren: [],
  partitionKeyColumns: [],
  partitions: [],
  columns: [columnOf({ name: "tenant_id" }), columnOf()],
  indexes: [],
  constraints: [],
  triggers: [],
  dependents: [],
  ...changes,
});

export const catalogOf = (changes: Partial<Catalog> = {}): Catalog => ({
  format: 1,
  serverVersion: 170_004,
  role: { name: "sluice", superuser: false, mayCreateSchema: true },
  ledger: { exists: false, usable: false },
  blockSize: 8192,
  settings: { maxConnections: 200, statementTimeout: 0, lockTimeout: 0, idleInTransactionTimeout: 0 },
  table: tableOf(),
  ...changes,
});

export const STARTER = "arn:aws:sts::000000000000:assumed-role/Engineer/ana";

/** What CloudWatch answers. */
export const alarmsOf = (states: Readonly<Record<string, AlarmState>>): PreflightContext["alarms"] =>
  readAs(new Map(Object.entries(states).map(([name, state]) => [name, { state }])));

/** What the world says where it does not say anything. */
export const UNREAD = { kind: "unread", problem: "nobody answered" } as const;

/** All is well, but for the changes. */
export const contextOf = (changes: Partial<PreflightContext> = {}): PreflightContext => ({
  migration: migrationOf(),
  catalog: catalogOf(),
  runId: "run-1",
  resuming: false,
  flagExists: readAs(true),
  alarms: alarmsOf({ "crm-errors": "OK" }),
  predicates: [],
  metrics: [],
  transactions: readAs({ hidden: 0 }),
  slots: readAs([]),
  startedBy: readAs(STARTER),
  holder: NOT_ASKED,
  ...changes,
});

export const tableContextOf = (
  table: Partial<TableCatalog> = {},
  changes: Partial<PreflightContext> = {},
): TableContext => ({ ...contextOf(changes), table: tableOf(table) });

export const columnContextOf = (
  source: Partial<ColumnCatalog> = {},
  changes: Partial<ColumnContext> = {},
): ColumnContext => ({ ...tableContextOf(), source: columnOf(source), target: "acquisition_channel", ...changes });

/** The verdicts alone, in their order. */
export const verdicts = (results: CheckResult | readonly CheckResult[]): readonly string[] =>
  lines(results).map((line) => line.split(" ")[0] ?? "");

/** `verdict object message. remedy`, as a person reads a result. */
export const lines = (results: CheckResult | readonly CheckResult[]): readonly string[] =>
  (Array.isArray(results) ? (results as readonly CheckResult[]) : [results as CheckResult]).map(
    ({ verdict, object, message, remedy }) => `${verdict} ${object} ${message}.${remedy === "" ? "" : ` ${remedy}`}`,
  );
