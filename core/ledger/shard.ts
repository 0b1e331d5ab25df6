/**
 * Shards: ranges of a table's blocks. A worker claims one with a lease and a fencing token, works through it batch
 * by batch, and every batch moves the shard's cursor in the statement that writes the data.
 */
import type { Session } from "../ports.ts";
import { raw, sql, type Statement } from "../sql/statement.ts";

/** Names the work on a table's shards: `backfill`, or `validate-before-cutover@<run>`. */
export interface ShardJob {
  readonly planHash: string;
  readonly job: string;
  readonly table: { readonly schema: string; readonly name: string };
}

/** Past the last block number that PostgreSQL can have (2^32 - 2): the end of an open-ended shard. */
const END_OF_RELATION = 4_294_967_295;

/** A shard in a worker's hands; block numbers, `toBlock` exclusive. */
export interface ClaimedShard {
  readonly relation: string;
  readonly filenode: string;
  /** The relation's quoted, qualified name. */
  readonly relationName: string;
  readonly fromBlock: number;
  readonly toBlock: number;
  readonly nextBlock: number;
  readonly token: string;
}

/** The relations that hold rows: the table itself, or its leaf partitions at this moment. */
const leafPartitions = (job: ShardJob): Statement => sql`
  SELECT c.oid AS relation, pg_relation_filenode(c.oid) AS filenode,
         pg_relation_size(c.oid, 'main') / CAST(current_setting('block_size') AS bigint) AS blocks
  FROM pg_class AS c
  WHERE c.relkind = 'r' AND c.oid IN (
    SELECT t.oid FROM pg_class AS t JOIN pg_namespace AS n ON n.oid = t.relnamespace
    WHERE n.nspname = ${job.table.schema} AND t.relname = ${job.table.name}
    UNION ALL
    SELECT p.relid FROM pg_class AS t JOIN pg_namespace AS n ON n.oid = t.relnamespace,
           LATERAL pg_partition_tree(t.oid) AS p
    WHERE n.nspname = ${job.table.schema} AND t.relname = ${job.table.name} AND p.isleaf
  )`;

export interface ShardOptions {
  readonly shardBlocks: number;
  /** The last shard of each relation goes to its end, wherever that is by then. */
  readonly openEnded: boolean;
}

/**
 * Cuts every relation that has no shards yet; a relation that was rewritten (VACUUM FULL, CLUSTER, TRUNCATE) has
 * another filenode and so counts as a new one. The size is read in the statement that records the shards.
 */
export async function createShards(session: Session, job: ShardJob, options: ShardOptions): Promise<void> {
  const leaves = leafPartitions(job);
  const size = raw(String(options.shardBlocks));
  const end = options.openEnded
    ? raw("CASE WHEN b.from_block + x.size < leaf.blocks THEN b.from_block + x.size END")
    : raw("LEAST(b.from_block + x.size, leaf.blocks)");
  const first = options.openEnded ? raw("GREATEST(leaf.blocks - 1, 0)") : raw("leaf.blocks - 1");
  const tail = sql`
    INSERT INTO sluice.shard (plan_hash, job, relation, filenode, from_block, to_block, next_block)
    SELECT CAST(:plan AS text), CAST(:job AS text), leaf.relation, leaf.filenode, b.from_block, ${end}, b.from_block
    FROM leaf, (SELECT CAST(${size} AS bigint) AS size) AS x, LATERAL generate_series(0, ${first}, x.size) AS b (from_block)
    WHERE NOT EXISTS (
      SELECT FROM sluice.shard AS s
      WHERE s.plan_hash = CAST(:plan AS text) AND s.job = CAST(:job AS text)
        AND s.relation = leaf.relation AND s.filenode = leaf.filenode)
    ON CONFLICT DO NOTHING`;
  await session.execute({
    text: `WITH leaf AS (${leaves.text})\n${tail.text}`,
    parameters: { ...leaves.parameters, plan: job.planHash, job: job.job },
  });
}

/** Shards still to do and shards in all, over the relations as they are now. */
export async function countShards(
  session: Session,
  job: ShardJob,
): Promise<{ readonly pending: number; readonly total: number }> {
  const [row] = await session.execute(sql`
    SELECT CAST(count(*) AS int) AS total, CAST(count(*) FILTER (WHERE done_at IS NULL) AS int) AS pending
    FROM sluice.shard
    WHERE plan_hash = ${job.planHash} AND job = ${job.job} AND filenode = pg_relation_filenode(relation)`);
  return { pending: Number(row?.["pending"] ?? 0), total: Number(row?.["total"] ?? 0) };
}

/**
 * Quoted, qualified names of the relations that hold rows and that the job has read no part of. A relation that was
 * rewritten after it had been read has the same rows.
 */
export async function unreadRelations(session: Session, job: ShardJob): Promise<readonly string[]> {
  const leaves = leafPartitions(job);
  const rows = await session.execute({
    text: `WITH leaf AS (${leaves.text})
      SELECT format('%I.%I', n.nspname, c.relname) AS relation
      FROM leaf JOIN pg_class AS c ON c.oid = leaf.relation JOIN pg_namespace AS n ON n.oid = c.relnamespace
      WHERE NOT EXISTS (
        SELECT FROM sluice.shard AS s
        WHERE s.plan_hash = CAST(:plan AS text) AND s.job = CAST(:job AS text) AND s.relation = leaf.relation
          AND s.done_at IS NOT NULL)
      ORDER BY relation`,
    parameters: { ...leaves.parameters, plan: job.planHash, job: job.job },
  });
  return rows.map((row) => String(row["relation"]));
}

export interface ClaimRequest {
  readonly worker: string;
  readonly leaseSeconds: number;
}

/**
 * Takes the next shard that nobody works on, or whose worker's lease has run out. Its token goes up by one, so that
 * whatever the former worker still sends changes nothing.
 */
export async function claimShard(
  session: Session,
  job: ShardJob,
  request: ClaimRequest,
): Promise<ClaimedShard | undefined> {
  const [row] = await session.execute(sql`
    UPDATE sluice.shard AS s
    SET token = s.token + 1, worker = ${request.worker}, started_at = coalesce(s.started_at, clock_timestamp()),
        lease_until = clock_timestamp() + make_interval(secs => CAST(${request.leaseSeconds} AS double precision))
    FROM (
      SELECT plan_hash, job, relation, filenode, from_block FROM sluice.shard
      WHERE plan_hash = ${job.planHash} AND job = ${job.job} AND done_at IS NULL
        AND filenode = pg_relation_filenode(relation)
        AND (lease_until IS NULL OR lease_until < clock_timestamp())
      ORDER BY relation, from_block LIMIT 1 FOR UPDATE SKIP LOCKED
    ) AS free, pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE (s.plan_hash, s.job, s.relation, s.filenode, s.from_block)
        = (free.plan_hash, free.job, free.relation, free.filenode, free.from_block)
      AND c.oid = s.relation
    RETURNING CAST(s.relation AS text) AS relation, CAST(s.filenode AS text) AS filenode,
      format('%I.%I', n.nspname, c.relname) AS relation_name, s.from_block, s.to_block, s.next_block,
      CAST(s.token AS text) AS token`);
  if (!row) return undefined;
  return {
    relation: String(row["relation"]),
    filenode: String(row["filenode"]),
    relationName: String(row["relation_name"]),
    fromBlock: Number(row["from_block"]),
    toBlock: row["to_block"] === null ? END_OF_RELATION : Number(row["to_block"]),
    nextBlock: Number(row["next_block"]),
    token: String(row["token"]),
  };
}

/**
 * Gives a shard back before it is done, so that another worker need not wait for the lease; `restSeconds` keeps
 * everybody off it for that long, so that the shards behind it have their turn first.
 */
export async function releaseShard(
  session: Session,
  job: ShardJob,
  { restSeconds = 0, ...shard }: ClaimedShard & { readonly restSeconds?: number },
): Promise<void> {
  await session.execute(sql`
    UPDATE sluice.shard
    SET lease_until = clock_timestamp() + make_interval(secs => CAST(${restSeconds} AS double precision))
    WHERE plan_hash = ${job.planHash} AND job = ${job.job} AND relation = CAST(${shard.relation} AS oid)
      AND filenode = CAST(${shard.filenode} AS oid) AND from_block = CAST(${shard.fromBlock} AS bigint)
      AND token = CAST(${shard.token} AS bigint) AND done_at IS NULL`);
}

/** Seconds until the next lease of another worker runs out; 0 where no shard is leased. */
export async function nextLeaseEnd(session: Session, job: ShardJob): Promise<number> {
  const [row] = await session.execute(sql`
    SELECT coalesce(ceil(extract(epoch FROM min(lease_until) - clock_timestamp())), 0)::int AS seconds
    FROM sluice.shard
    WHERE plan_hash = ${job.planHash} AND job = ${job.job} AND done_at IS NULL
      AND filenode = pg_relation_filenode(relation)`);
  return Math.max(0, Number(row?.["seconds"] ?? 0));
}
