import type { TestProject } from "vitest/node";
import { startPostgres } from "../../local/postgres.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** URL of the run's PostgreSQL, database `postgres`, as superuser. */
    postgres: string;
  }
}

/** One PostgreSQL for the whole run; nothing in it outlives the run, so it need not reach the disk. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await startPostgres({
    settings: { fsync: "off", synchronous_commit: "off", full_page_writes: "off", autovacuum: "off" },
  });
  project.provide("postgres", server.connectionString("postgres"));
  return async () => server.stop();
}
