-- The first ledger. IF NOT EXISTS, since a ledger that was installed before its migrations were counted has all of it.

CREATE TABLE IF NOT EXISTS sluice.run (
  run_id text PRIMARY KEY,
  migration text NOT NULL,
  migration_hash text NOT NULL,
  plan_hash text NOT NULL,
  started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  ended_at timestamptz,
  outcome text CHECK (outcome IN ('done', 'rolled-back', 'undone'))
);

CREATE TABLE IF NOT EXISTS sluice.phase (
  run_id text NOT NULL REFERENCES sluice.run,
  phase text NOT NULL,
  entered_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (run_id, phase)
);

CREATE TABLE IF NOT EXISTS sluice.step (
  plan_hash text NOT NULL,
  step_id text NOT NULL,
  run_id text NOT NULL,
  applied_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (plan_hash, step_id)
);

CREATE TABLE IF NOT EXISTS sluice.shard (
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
) WITH (fillfactor = 50);

-- A worker takes the first shard that is not done: without this it would pass by all that are.
CREATE INDEX IF NOT EXISTS shard_pending_idx ON sluice.shard (plan_hash, job, relation, from_block)
  WHERE done_at IS NULL;

CREATE TABLE IF NOT EXISTS sluice."check" (
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
);

CREATE TABLE IF NOT EXISTS sluice.event (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  run_id text NOT NULL,
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  kind text NOT NULL,
  subject text NOT NULL,
  detail jsonb NOT NULL DEFAULT '{}'
);

CREATE INDEX IF NOT EXISTS event_run_kind_subject_idx ON sluice.event (run_id, kind, subject);
