// Generated from core/ledger/migrations/*.sql by "npm run generate". Do not edit.

/** The statements of each migration of the ledger; the first is number 1. */
export const LEDGER_MIGRATIONS: readonly (readonly string[])[] = [
  [
    `CREATE TABLE IF NOT EXISTS sluice.run (
  run_id text PRIMARY KEY,
  migration text NOT NULL,
  migration_hash text NOT NULL,
  plan_hash text NOT NULL,
  started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  ended_at timestamptz,
  outcome text CHECK (outcome IN ('done', 'rolled-back', 'undone'))
)`,
    `CREATE TABLE IF NOT EXISTS sluice.phase (
  run_id text NOT NULL REFERENCES sluice.run,
  phase text NOT NULL,
  entered_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (run_id, phase)
)`,
    `CREATE TABLE IF NOT EXISTS sluice.step (
  plan_hash text NOT NULL,
  step_id text NOT NULL,
  run_id text NOT NULL,
  applied_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (plan_hash, step_id)
)`,
    `CREATE TABLE IF NOT EXISTS sluice.shard (
  plan_hash text NOT NULL,
  job text NOT NULL,
  relation oid NOT NULL,
  filenode oid NOT NULL,
  from_block bigint NOT NULL,
  to_block bigint,
  next_block bigint NOT NULL,
  token bigint NOT NULL DEFAULT 0,
  worker text,
  lease_until timestamptz,
  rows_changed bigint NOT NULL DEFAULT 0,
  batches bigint NOT NULL DEFAULT 0,
  started_at timestamptz,
  done_at timestamptz,
  PRIMARY KEY (plan_hash, job, relation, filenode, from_block)
) WITH (fillfactor = 50)`,
    `CREATE INDEX IF NOT EXISTS shard_pending_idx ON sluice.shard (plan_hash, job, relation, from_block)
  WHERE done_at IS NULL`,
    `CREATE TABLE IF NOT EXISTS sluice."check" (
  plan_hash text NOT NULL,
  job text NOT NULL,
  relation oid NOT NULL,
  filenode oid NOT NULL,
  from_block bigint NOT NULL,
  segment text NOT NULL,
  rows bigint NOT NULL,
  old_nulls bigint NOT NULL,
  new_nulls bigint NOT NULL,
  mismatches bigint NOT NULL,
  old_hash numeric NOT NULL,
  new_hash numeric NOT NULL,
  PRIMARY KEY (plan_hash, job, relation, filenode, from_block, segment)
)`,
    `CREATE TABLE IF NOT EXISTS sluice.event (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  run_id text NOT NULL,
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  kind text NOT NULL,
  subject text NOT NULL,
  detail jsonb NOT NULL DEFAULT '{}'
)`,
    `CREATE INDEX IF NOT EXISTS event_run_kind_subject_idx ON sluice.event (run_id, kind, subject)`,
  ],
  [
    `UPDATE sluice.event SET kind = 'validation-result' WHERE kind = 'verdict'`,
    `UPDATE sluice.event SET detail = (detail - 'verdict' - 'passedSeconds' - 'holdSeconds' - 'heldSeconds')
  || jsonb_strip_nulls(jsonb_build_object(
    'status', CASE detail ->> 'verdict' WHEN 'hold' THEN 'wait' WHEN 'standby' THEN 'ask' ELSE detail ->> 'verdict' END,
    'stableSeconds', detail -> 'passedSeconds', 'stableForSeconds', detail -> 'holdSeconds',
    'waitedSeconds', detail -> 'heldSeconds',
    'readings', (SELECT coalesce(jsonb_agg((reading - 'verdict') || jsonb_build_object('status',
      CASE reading ->> 'verdict' WHEN 'hold' THEN 'wait' ELSE reading ->> 'verdict' END) ORDER BY n), '[]')
      FROM jsonb_array_elements(detail -> 'readings') WITH ORDINALITY AS r (reading, n))))
  WHERE kind = 'gate' AND detail ->> 'verdict' IS NOT NULL`,
    `UPDATE sluice.event SET detail = (detail - 'verdict') || jsonb_build_object('answer', detail -> 'verdict')
  WHERE kind = 'decision' AND detail ->> 'verdict' IS NOT NULL`,
  ],
];
