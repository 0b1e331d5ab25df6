import { Client } from "pg";
import type { Contact } from "./contact-book.ts";
import { seededLeadSource } from "./lead-source.ts";

/** The table as compared with what the application was told and with what was seeded. */
export interface WriteVerdict {
  /** Contacts whose last write was acknowledged, deletes included. */
  readonly acknowledged: number;
  /** Of these: gone, resurrected, or with another value. Must be 0. */
  readonly lost: number;
  /** Contacts nobody wrote to. */
  readonly untouched: number;
  /** Of these: gone or with another value than the one they were seeded with. Must be 0. */
  readonly changed: number;
}

export interface VerifyWritesProps {
  readonly client: Client;
  /** Every contact the application knew. */
  readonly contacts: readonly Contact[];
  /** How many contacts were seeded. */
  readonly seeded: number;
  /** The column that holds the attribution now. */
  readonly column: "lead_source" | "acquisition_channel";
}

/** Compares every row of crm.contacts: those written with the application's memory, all others with the seed. */
export async function verifyWrites(props: VerifyWritesProps): Promise<WriteVerdict> {
  const touched = props.contacts.filter(({ state }) => state !== "untouched");
  const told = touched.filter(({ state }) => state !== "unknown");
  const lost = await lostWrites(props, told);
  const { untouched, changed } = await changedHistory(props, touched);
  return { acknowledged: told.length, lost, untouched, changed };
}

async function lostWrites({ client, column }: VerifyWritesProps, told: readonly Contact[]): Promise<number> {
  const { rows } = await client.query<{ lost: number }>(
    `SELECT count(*)::int AS lost
     FROM unnest($1::bigint[], $2::text[], $3::boolean[]) AS told (id, source, deleted)
     LEFT JOIN crm.contacts AS contact USING (id)
     WHERE told.deleted <> (contact.id IS NULL)
        OR (NOT told.deleted AND contact.${column} IS DISTINCT FROM told.source)`,
    [told.map(({ id }) => id), told.map(({ source }) => source), told.map(({ state }) => state === "deleted")],
  );
  return rows[0]?.lost ?? told.length;
}

async function changedHistory(
  { client, column, seeded }: VerifyWritesProps,
  touched: readonly Contact[],
): Promise<{ untouched: number; changed: number }> {
  const { rows } = await client.query<{ untouched: number; changed: number }>(
    `SELECT count(*)::int AS untouched, (count(*) FILTER (WHERE contact.id IS NULL
              OR contact.${column} IS DISTINCT FROM (${seededLeadSource("source.id")})))::int AS changed
     FROM generate_series(1::bigint, $2::bigint) AS source (id)
     LEFT JOIN crm.contacts AS contact USING (id)
     WHERE source.id NOT IN (SELECT unnest($1::bigint[]))`,
    [touched.map(({ id }) => id), seeded],
  );
  return rows[0] ?? { untouched: 0, changed: seeded };
}

/**
 * {@link verifyWrites} on the column that counts now: the old one as long as it is there, since a run that did not
 * reach contract may have left the new one half filled.
 */
export async function verifyTable(props: {
  readonly connectionString: string;
  readonly contacts: readonly Contact[];
  readonly seeded: number;
}): Promise<WriteVerdict> {
  const client = new Client({ connectionString: props.connectionString });
  await client.connect();
  try {
    const { rowCount } = await client.query(
      `SELECT FROM pg_attribute
       WHERE attrelid = 'crm.contacts'::regclass AND attname = 'lead_source' AND NOT attisdropped`,
    );
    return await verifyWrites({ ...props, client, column: rowCount === 1 ? "lead_source" : "acquisition_channel" });
  } finally {
    await client.end();
  }
}
