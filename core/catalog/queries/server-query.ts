import { sql, type Statement } from "../../sql/statement.ts";
import { documents } from "./documents.ts";

/**
 * The server, the role, the ledger's schema and the relation's oid, if there is one. Works on every version of
 * PostgreSQL that may be asked, so that a server which is too old is refused by name and not by a failing query.
 *
 * Of a setting `reset_val` is read, what the session began with, and not what it has now: the Data API's sessions are
 * shared, and what it or another caller has set in this one for a while is not what the next one will have.
 */
export function serverQuery(table: { readonly schema: string; readonly name: string }): Statement {
  // Compared as text: a cast to name would cut a longer one to 63 bytes, and find another relation.
  return documents(sql`
    SELECT jsonb_strip_nulls(jsonb_build_object(
      'serverVersion', CAST(current_setting('server_version_num') AS integer),
      'role', jsonb_build_object(
        'name', r.rolname,
        'superuser', r.rolsuper,
        'mayCreateSchema', has_database_privilege(current_database(), 'CREATE')),
      'ledger', jsonb_build_object(
        'exists', l.oid IS NOT NULL,
        'usable', COALESCE(has_schema_privilege(l.oid, 'USAGE') AND has_schema_privilege(l.oid, 'CREATE'), false)),
      'blockSize', CAST(current_setting('block_size') AS integer),
      'settings', (
        SELECT jsonb_object_agg(wanted.key, CAST(s.reset_val AS bigint))
        FROM pg_catalog.pg_settings s
        JOIN (VALUES
          ('max_connections', 'maxConnections'),
          ('statement_timeout', 'statementTimeout'),
          ('lock_timeout', 'lockTimeout'),
          ('idle_in_transaction_session_timeout', 'idleInTransactionTimeout'),
          ('transaction_timeout', 'transactionTimeout')) wanted(name, key) ON wanted.name = s.name),
      'relation', (
        SELECT CAST(c.oid AS text)
        FROM pg_catalog.pg_class c
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = CAST(${table.schema} AS text) AND c.relname = CAST(${table.name} AS text)
          AND c.relkind <> 't')))
    FROM pg_catalog.pg_roles r
    LEFT JOIN pg_catalog.pg_namespace l ON l.nspname = 'sluice'
    WHERE r.rolname = current_user`);
}
