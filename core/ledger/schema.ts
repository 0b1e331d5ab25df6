import { LedgerTooNew } from "../errors.ts";
import type { Database, Session } from "../ports.ts";
import { sql } from "../sql/statement.ts";
import { LEDGER_MIGRATIONS } from "./migrations.ts";

/*
 * The ledger: schema `sluice` of the migrated database. What a run has done is recorded in the transaction that did
 * it, so that a run can die at any line and the next one knows where it stands.
 *
 * Shards and steps belong to a plan, not to a run: a second run of the same plan goes on where the first stopped.
 *
 * It is made, and brought up to date, by migrations/0001.sql and those after it, applied in order and never edited.
 */

/** Which migrations of the ledger are applied. */
const APPLIED = `CREATE TABLE IF NOT EXISTS sluice.ledger_migration (
  number integer PRIMARY KEY,
  applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
)`;

/** One caller at a time: `CREATE ... IF NOT EXISTS` is no protection against another session that creates as well. */
const LEDGER_LOCK = 0x51_01_ce;

/** Whether a run has ever made it in this database. */
export async function ledgerExists(session: Session): Promise<boolean> {
  return exists(session, "sluice.run");
}

/**
 * Creates the ledger where it is missing, and brings one of an earlier version up to date, all in one transaction. Safe
 * to call by several runs at once.
 *
 * @throws LedgerTooNew where a later version of Sluice has changed it: this one would misread it.
 */
export async function ensureLedger(database: Database): Promise<void> {
  // Mostly there is nothing to do, and then neither the lock nor the right to create is asked for.
  if (pendingMigrations(await newestMigration(database)).length === 0) return;
  await database.transaction(async (session) => {
    await session.execute(sql`SELECT pg_advisory_xact_lock(CAST(${LEDGER_LOCK} AS bigint))::text`);
    // IF NOT EXISTS asks for the right to create a schema even where there is one, which a DBA may have made for us.
    const [schema] = await session.execute(sql`SELECT to_regnamespace('sluice') IS NOT NULL AS exists`);
    if (schema?.["exists"] !== true) await session.execute({ text: `CREATE SCHEMA sluice`, parameters: {} });
    await session.execute({ text: APPLIED, parameters: {} });
    for (const number of pendingMigrations(await newestMigration(session))) await applyMigration(session, number);
  });
}

/** The newest that is applied; 0 where there is none, or the ledger is older than the counting of its migrations. */
async function newestMigration(session: Session): Promise<number> {
  if (!(await exists(session, "sluice.ledger_migration"))) return 0;
  const [row] = await session.execute(sql`SELECT coalesce(max(number), 0) AS newest FROM sluice.ledger_migration`);
  return Number(row?.["newest"] ?? 0);
}

/** Numbers of the migrations after `newest`, in order. */
function pendingMigrations(newest: number): readonly number[] {
  if (newest <= LEDGER_MIGRATIONS.length) return LEDGER_MIGRATIONS.map((_, index) => index + 1).slice(newest);
  throw new LedgerTooNew({
    object: `ledger (schema "sluice" of the database)`,
    problem: `is at migration ${String(newest)}, and this version of Sluice knows none after ${String(LEDGER_MIGRATIONS.length)}: a later version has changed it`,
    remedy: "Deploy that version or a later one: sluice deploy",
  });
}

async function applyMigration(session: Session, number: number): Promise<void> {
  for (const text of LEDGER_MIGRATIONS[number - 1] ?? []) await session.execute({ text, parameters: {} });
  await session.execute(sql`INSERT INTO sluice.ledger_migration (number) VALUES (${number})`);
}

async function exists(session: Session, relation: string): Promise<boolean> {
  const [row] = await session.execute(sql`SELECT to_regclass(${relation}) IS NOT NULL AS exists`);
  return row?.["exists"] === true;
}
