import type { ServerSettings } from "../../../catalog/catalog.ts";
import { durationText } from "../../amounts.ts";
import type { CheckResult, PreflightContext } from "../../check.ts";
import { findings, orOk } from "../../finding.ts";
import { operationsOf } from "../../../operations/migration-operations.ts";

const { ok, refuse } = findings("session-timeouts");

/** A batch, a scan of a shard and a look at the ledger may each take what the Data API gives a statement. */
const STATEMENT_MS = 45_000;
/** A transaction of ours makes up to three calls, of 0.6 s now and then, before it sets a limit of its own. */
const IDLE_MS = 2_000;

interface Limit {
  /** As PostgreSQL names it. */
  readonly name: string;
  readonly milliseconds: number;
  /** Below this it breaks every run; 0: none. */
  readonly least: number;
  readonly breaks: string;
  /** Whether any value of it may end the concurrent build of an index, which has no limit of its own. */
  readonly endsBuilds: boolean;
}

/**
 * What our sessions start with, by the server, the database or the role. Statements outside a transaction run under it,
 * since the Data API's sessions are shared and `SET` does not stick.
 */
export function sessionTimeouts({ migration, catalog }: PreflightContext): CheckResult | readonly CheckResult[] {
  const { settings, role, table } = catalog;
  // A snapshot that an older version saved does not say.
  if (settings === undefined) return [];
  const builds = table !== undefined && operationsOf(migration).some((operation) => operation.buildsIndexes(table));
  const problems = limits(settings).flatMap((limit) => problem(limit, { builds, role: role.name }) ?? []);
  return orOk(
    problems,
    ok(`role "${role.name}"`, "begins its sessions without a timeout that ends a run's statements"),
  );
}

function limits(settings: ServerSettings): readonly Limit[] {
  const { statementTimeout, lockTimeout, idleInTransactionTimeout, transactionTimeout = 0 } = settings;
  const statement = { least: STATEMENT_MS, breaks: "a batch or a scan, which may take 45 s", endsBuilds: true };
  return [
    { name: "statement_timeout", milliseconds: statementTimeout, ...statement },
    { name: "transaction_timeout", milliseconds: transactionTimeout, ...statement },
    { name: "lock_timeout", milliseconds: lockTimeout, least: 0, breaks: "", endsBuilds: true },
    {
      name: "idle_in_transaction_session_timeout",
      milliseconds: idleInTransactionTimeout,
      least: IDLE_MS,
      breaks: "a transaction between two calls of the Data API",
      endsBuilds: false,
    },
  ];
}

function problem(
  { name, milliseconds, least, breaks, endsBuilds }: Limit,
  { builds, role }: { readonly builds: boolean; readonly role: string },
): CheckResult | undefined {
  if (milliseconds === 0) return undefined;
  const what = [
    ...(milliseconds < least ? [breaks] : []),
    // It waits for every older transaction, by their locks, and nobody knows for how long.
    ...(endsBuilds && builds ? ["CREATE INDEX CONCURRENTLY, which takes as long as it takes"] : []),
  ];
  if (what.length === 0) return undefined;
  const value = milliseconds < 2_000 ? `${String(milliseconds)} ms` : durationText(milliseconds / 1_000);
  return refuse({
    object: `role "${role}"`,
    message: `begins its sessions with ${name} = ${value}, which would end ${what.join(", and ")}`,
    remedy: `ALTER ROLE "${role}" IN DATABASE ... SET ${name} = 0; its next sessions have it`,
  });
}
