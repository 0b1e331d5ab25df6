import { z } from "zod";
import type { Session } from "../ports.ts";
import {
  columnSchema,
  constraintSchema,
  dependentSchema,
  indexSchema,
  relationKindSchema,
  relationSchema,
  serverSchema,
  triggerSchema,
} from "./catalog-schema.ts";
import type { Catalog, TableCatalog } from "./catalog.ts";
import { columnsQuery } from "./queries/columns-query.ts";
import { constraintsQuery } from "./queries/constraints-query.ts";
import { dependentsQuery } from "./queries/dependents-query.ts";
import { indexesQuery } from "./queries/indexes-query.ts";
import { relationQuery } from "./queries/relation-query.ts";
import type { RelationTree } from "./queries/relation-tree.ts";
import { serverQuery } from "./queries/server-query.ts";
import { treeQuery } from "./queries/tree-query.ts";
import { triggersQuery } from "./queries/triggers-query.ts";
import { readDocuments, unreadable } from "./read-documents.ts";

/** The oldest server whose catalogs the queries know, as `server_version_num`. */
export const OLDEST_SERVER_VERSION = 140_000;

/**
 * Reads what the planner and the pre-flight checks know of one table: eight queries, set-based, one after the other.
 * The table is left out where there is none of that name, and on a server older than PostgreSQL 14.
 *
 * The queries see one state of the database only where `session` is a transaction of isolation REPEATABLE READ. In a
 * transaction, `search_path` stays `pg_catalog, pg_temp` until its end; outside one, nothing sticks.
 *
 * @param table - schema and name exactly as the catalog has them: no quotes, no folding to lower case.
 * @throws DatabaseError, StatementTimeout, DatabaseUnavailable of the session; StatementFailed where the server
 * returned what the queries do not know.
 */
export async function readCatalog(
  session: Session,
  table: { readonly schema: string; readonly name: string },
): Promise<Catalog> {
  const [found] = await readDocuments(session, serverQuery(table), foundSchema);
  if (!found) throw unreadable("the role is not in pg_roles");
  const { relation, ...server } = found;
  if (relation === undefined || server.serverVersion < OLDEST_SERVER_VERSION) return { format: 1, ...server };
  return { format: 1, ...server, table: await readTable(session, relation) };
}

const foundSchema = serverSchema.extend({ relation: z.string().optional() });
const memberSchema = z.strictObject({
  oid: z.string(),
  schema: z.string(),
  name: z.string(),
  kind: relationKindSchema,
});

async function readTable(session: Session, root: string): Promise<TableCatalog | undefined> {
  const members = await readDocuments(session, treeQuery(root), memberSchema);
  const tree: RelationTree = { root, members: `{${members.map(({ oid }) => oid).join(",")}}` };
  const [relation] = await readDocuments(session, relationQuery(tree), relationSchema);
  const [self, ...partitions] = members;
  // Dropped between two queries: as good as not there.
  if (!self || !relation) return undefined;
  return {
    schema: self.schema,
    name: self.name,
    kind: self.kind,
    ...relation,
    partitions: partitions.map(({ schema, name, kind }) => ({ schema, name, kind })),
    columns: await readDocuments(session, columnsQuery(tree), columnSchema),
    indexes: await readDocuments(session, indexesQuery(tree), indexSchema),
    constraints: await readDocuments(session, constraintsQuery(tree), constraintSchema),
    triggers: await readDocuments(session, triggersQuery(tree), triggerSchema),
    dependents: await readDocuments(session, dependentsQuery(tree), dependentSchema),
  };
}
