import { sql, type Statement } from "../../sql/statement.ts";
import { documents } from "./documents.ts";

/**
 * One document: the oldest open transaction of this database beside our own, and how many sessions hide theirs. Only a
 * member of `pg_read_all_stats` (and so of `pg_monitor`) sees when another role's transaction began
 * (https://www.postgresql.org/docs/17/monitoring-stats.html#MONITORING-STATS-VIEWS). Of other databases nothing is
 * asked: their transactions hold no lock here, and CREATE INDEX CONCURRENTLY does not wait for them.
 *
 * A prepared transaction has no session, and so no timeout ever ends it.
 */
export function openTransactionsQuery(): Statement {
  return documents(sql`
    WITH open AS (
      SELECT
        format('session %s of role %I', s.pid, s.usename)
          || CASE WHEN s.application_name = '' THEN '' ELSE format(' (application "%s")', s.application_name) END AS owner,
        s.state, s.xact_start AS began
      FROM pg_catalog.pg_stat_activity s
      WHERE s.datname = current_database() AND s.pid <> pg_backend_pid() AND s.backend_type = 'client backend'
        AND s.xact_start IS NOT NULL
      UNION ALL
      SELECT format('prepared transaction "%s" of role %I', p.gid, p.owner), 'prepared', p.prepared
      FROM pg_catalog.pg_prepared_xacts p WHERE p.database = current_database()
    )
    SELECT jsonb_strip_nulls(jsonb_build_object(
      'oldest', (
        SELECT jsonb_build_object(
          'owner', open.owner, 'state', COALESCE(open.state, 'unknown'),
          'seconds', greatest(extract(epoch FROM clock_timestamp() - open.began), 0))
        FROM open ORDER BY open.began LIMIT 1),
      'hidden', (
        SELECT count(*) FROM pg_catalog.pg_stat_activity s
        WHERE s.datname = current_database() AND s.pid <> pg_backend_pid() AND s.usename <> current_user
          AND NOT pg_has_role(s.usesysid, 'USAGE') AND NOT pg_has_role('pg_read_all_stats', 'USAGE'))))`);
}

/**
 * A document for each slot that nobody reads from and that still holds WAL. A slot whose WAL is lost already holds none
 * (https://www.postgresql.org/docs/17/view-pg-replication-slots.html).
 */
export function inactiveSlotsQuery(): Statement {
  return documents(sql`
    SELECT jsonb_build_object(
      'name', s.slot_name,
      'bytes', CAST(greatest(pg_wal_lsn_diff(pg_current_wal_lsn(), s.restart_lsn), 0) AS bigint))
    FROM pg_catalog.pg_replication_slots s
    WHERE NOT s.active AND s.restart_lsn IS NOT NULL AND s.wal_status IS DISTINCT FROM 'lost'
    ORDER BY s.slot_name`);
}
