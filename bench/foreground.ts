import pg from "pg";
import { Histogram } from "../examples/crm/histogram.ts";

/** Requests of an application beside the benchmark: latencies in milliseconds. */
export interface Foreground {
  readonly requests: number;
  readonly p50: number;
  readonly p99: number;
}

/** Milliseconds between two requests; they are sent on time, whether or not the last one has been answered. */
const INTERVAL_MS = 10;
const CONNECTIONS = 6;

/**
 * A steady stream of point reads and writes on crm.contacts while `work` runs, measured from the moment at which each
 * request was due: a stall is seen in full.
 */
export async function withForeground<T>(
  connectionString: string,
  work: () => Promise<T>,
): Promise<{ readonly result: T; readonly foreground: Foreground }> {
  const pool = new pg.Pool({ connectionString, max: CONNECTIONS });
  // The copy is dropped with force once the pool has ended; a connection may hear of it before it hears of its end.
  pool.on("error", () => undefined);
  const latencies = new Histogram();
  const pending: Promise<void>[] = [];
  let sent = 0;
  const start = performance.now();
  const timer = setInterval(() => {
    for (; start + sent * INTERVAL_MS <= performance.now(); sent += 1)
      pending.push(request(pool, latencies, start + sent * INTERVAL_MS, sent));
  }, INTERVAL_MS);
  try {
    const result = await work();
    clearInterval(timer);
    await Promise.all(pending);
    return {
      result,
      foreground: { requests: sent, p50: latencies.percentile(50) / 1_000, p99: latencies.percentile(99) / 1_000 },
    };
  } finally {
    clearInterval(timer);
    await pool.end();
  }
}

async function request(pool: pg.Pool, latencies: Histogram, due: number, index: number): Promise<void> {
  const id = 1 + ((index * 7_919) % 100_000);
  await (index % 2 === 0
    ? pool.query("SELECT * FROM crm.contacts WHERE id = $1", [id])
    : pool.query("UPDATE crm.contacts SET updated_at = now() WHERE id = $1", [id]));
  latencies.record(Math.round((performance.now() - due) * 1_000));
}
