import pg from "pg";
import { engineBackfill } from "./engine-backfill.ts";
import { withForeground, type Foreground } from "./foreground.ts";

/** One measurement on a fresh copy of the table. */
export interface Sample {
  /** 0 where nothing is written. */
  readonly rowsPerSecond: number;
  readonly foreground?: Foreground;
}

/** @param connectionString of a database that holds a copy; @param rows that the backfill has to write */
type Variant = (connectionString: string, rows: number) => Promise<Sample>;

const IDLE_SECONDS = 8;

/** Each in turn, round by round, so that a machine that gets slower does so for all of them. */
export const VARIANTS: Readonly<Record<string, Variant>> = {
  "one plain UPDATE": async (url, rows) => ({ rowsPerSecond: rows / (await plainUpdate(url)) }),
  "engine, 1 worker": async (url, rows) => ({ rowsPerSecond: rows / (await engineBackfill(url, 1)) }),
  "engine, 2 workers": async (url, rows) => ({ rowsPerSecond: rows / (await engineBackfill(url, 2)) }),
  "no backfill, application alone": async (url) => {
    const idle = (): Promise<unknown> => new Promise((resolve) => setTimeout(resolve, IDLE_SECONDS * 1_000));
    return { rowsPerSecond: 0, foreground: (await withForeground(url, idle)).foreground };
  },
  "one plain UPDATE beside the application": async (url, rows) => beside(url, rows, () => plainUpdate(url)),
  "engine, 2 workers, beside the application": async (url, rows) => beside(url, rows, () => engineBackfill(url, 2)),
};

async function beside(url: string, rows: number, work: () => Promise<number>): Promise<Sample> {
  const { result: seconds, foreground } = await withForeground(url, work);
  return { rowsPerSecond: rows / seconds, foreground };
}

/** Seconds of one statement that writes every row, without any trigger of ours. */
async function plainUpdate(connectionString: string): Promise<number> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    await client.query("ALTER TABLE crm.contacts ADD COLUMN acquisition_channel text");
    const start = performance.now();
    await client.query(
      "UPDATE crm.contacts SET acquisition_channel = lead_source WHERE acquisition_channel IS DISTINCT FROM lead_source",
    );
    return (performance.now() - start) / 1_000;
  } finally {
    await client.end();
  }
}
