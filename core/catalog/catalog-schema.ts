/**
 * The catalog snapshot as zod sees it: what the queries return, and what a saved file must hold. The shapes and their
 * meaning are in `catalog.ts`; the compiler holds the two together.
 */
import { z } from "zod";
import type {
  Catalog,
  ColumnCatalog,
  ConstraintCatalog,
  DependentCatalog,
  IndexCatalog,
  RelationKind,
  ServerSettings,
  TableCatalog,
  TriggerCatalog,
} from "./catalog.ts";

const text = z.string();
const texts = z.array(text);
const qualified = z.strictObject({ schema: text, name: text });
const size = z.number().min(0);

export const relationKindSchema = z.enum([
  "table",
  "partitioned table",
  "view",
  "materialized view",
  "foreign table",
  "sequence",
  "composite type",
  "index",
]) satisfies z.ZodType<RelationKind>;

export const columnSchema = z.strictObject({
  name: text,
  type: text,
  baseType: text,
  typeKind: z.enum(["base", "composite", "domain", "enum", "pseudo", "range", "multirange"]),
  hasEquality: z.boolean(),
  notNull: z.boolean(),
  domainConstrained: z.boolean().optional(),
  underlyingType: text.optional(),
  storage: text.optional(),
  compression: text.optional(),
  statisticsTarget: z.int().optional(),
  options: texts.optional(),
  default: text.optional(),
  defaultVolatile: z.boolean(),
  generated: z.boolean(),
  identity: z.boolean(),
  collation: qualified.optional(),
  collationDeterministic: z.boolean(),
  comment: text.optional(),
  grants: z.array(
    z.strictObject({
      grantee: text,
      privilege: z.enum(["SELECT", "INSERT", "UPDATE", "REFERENCES"]),
      grantable: z.boolean(),
    }),
  ),
}) satisfies z.ZodType<ColumnCatalog>;

export const indexSchema = z.strictObject({
  schema: text,
  name: text,
  definition: text,
  method: text,
  unique: z.boolean(),
  primary: z.boolean(),
  valid: z.boolean(),
  partition: text.optional(),
  nullsNotDistinct: z.boolean(),
  deferrable: z.boolean().optional(),
  constraint: text.optional(),
  predicate: z.strictObject({ expression: text, columns: texts }).optional(),
  options: texts,
  keys: z.array(
    z.strictObject({
      column: text.optional(),
      expression: text.optional(),
      expressionColumns: texts,
      operatorClass: qualified.optional(),
      operatorClassOptions: texts.optional(),
      collation: qualified.optional(),
      descending: z.boolean(),
      nullsFirst: z.boolean(),
    }),
  ),
  include: texts,
}) satisfies z.ZodType<IndexCatalog>;

export const constraintSchema = z.strictObject({
  name: text,
  kind: z.enum(["check", "foreign key", "primary key", "unique", "exclusion", "not null", "trigger"]),
  columns: texts,
  definition: text,
  partition: text.optional(),
  referencedBy: text.optional(),
}) satisfies z.ZodType<ConstraintCatalog>;

export const triggerSchema = z.strictObject({
  name: text,
  timing: z.enum(["before", "after", "instead of"]),
  level: z.enum(["row", "statement"]),
  events: z.array(z.enum(["insert", "update", "delete", "truncate"])),
  enabled: z.enum(["origin", "replica", "always", "disabled"]),
  function: text,
  definition: text,
  updateOf: texts,
  columns: texts.optional(),
  functionColumns: texts.optional(),
  partition: text.optional(),
}) satisfies z.ZodType<TriggerCatalog>;

export const dependentSchema = z.strictObject({
  kind: z.enum([
    "view",
    "materialized view",
    "rule",
    "policy",
    "generated column",
    "publication",
    "statistics",
    "function",
    "other",
  ]),
  name: text,
  columns: texts,
}) satisfies z.ZodType<DependentCatalog>;

/** What {@link tableSchema} has beside its parts; one query reads it. */
export const relationSchema = z.strictObject({
  persistence: z.enum(["permanent", "unlogged", "temporary"]),
  owner: text,
  roleOwns: z.boolean(),
  mayCreateIndexes: z.boolean().optional(),
  accessMethods: texts.optional(),
  typed: z.boolean().optional(),
  rows: size,
  bytes: size,
  blocks: size,
  readers: texts.optional(),
  rowSecurity: z.boolean(),
  rowSecurityActive: z.boolean().optional(),
  parents: texts,
  inheritanceChildren: texts,
  partitionKeyColumns: texts,
});

const tableSchema = relationSchema.extend({
  schema: text,
  name: text,
  kind: relationKindSchema,
  partitions: z.array(z.strictObject({ schema: text, name: text, kind: relationKindSchema })),
  columns: z.array(columnSchema),
  indexes: z.array(indexSchema),
  constraints: z.array(constraintSchema),
  triggers: z.array(triggerSchema),
  dependents: z.array(dependentSchema),
}) satisfies z.ZodType<TableCatalog>;

const milliseconds = z.int().min(0);

const settingsSchema = z.strictObject({
  maxConnections: z.int().min(1),
  statementTimeout: milliseconds,
  lockTimeout: milliseconds,
  idleInTransactionTimeout: milliseconds,
  transactionTimeout: milliseconds.optional(),
}) satisfies z.ZodType<ServerSettings>;

/** What {@link catalogSchema} has beside the table; one query reads it. */
export const serverSchema = z.strictObject({
  serverVersion: z.int(),
  role: z.strictObject({ name: text, superuser: z.boolean(), mayCreateSchema: z.boolean() }),
  ledger: z.strictObject({ exists: z.boolean(), usable: z.boolean() }),
  blockSize: z.int().min(1),
  settings: settingsSchema.optional(),
});

/** A whole snapshot, as `sluice plan --catalog FILE` reads it. */
export const catalogSchema = serverSchema.extend({
  format: z.literal(1),
  table: tableSchema.optional(),
}) satisfies z.ZodType<Catalog>;
