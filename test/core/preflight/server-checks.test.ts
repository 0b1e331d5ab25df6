import { describe, expect, it } from "vitest";
import type { IndexCatalog, ServerSettings } from "../../../core/catalog/catalog.ts";
import { longTransactions } from "../../../core/preflight/checks/server/long-transactions.ts";
import { NOT_ASKED, readAs } from "../../../core/reading.ts";
import { replicationSlots } from "../../../core/preflight/checks/server/replication-slots.ts";
import { serverVersion } from "../../../core/preflight/checks/server/server-version.ts";
import { sessionTimeouts } from "../../../core/preflight/checks/server/session-timeouts.ts";
import { resultsOf } from "../../../core/preflight/run-preflight.ts";
import { catalogOf, contextOf, lines, severities, severityOf, tableOf, UNREAD } from "./contexts.ts";

describe("server-version", () => {
  it.each([
    [130_022, "refuse"],
    [140_000, "ok"],
    [180_001, "ok"],
    [190_000, "warn"],
  ] as const)("judges %i: %s", (version, severity) => {
    expect(severityOf(resultsOf(serverVersion, contextOf({ catalog: catalogOf({ serverVersion: version }) })))).toBe(
      severity,
    );
  });

  it("says what an old server lacks", () => {
    expect(lines(resultsOf(serverVersion, contextOf({ catalog: catalogOf({ serverVersion: 130_022 }) })))).toEqual([
      'refuse server "PostgreSQL 13" is older than 14 and cannot scan a range of blocks. Upgrade the server to PostgreSQL 14 or later',
    ]);
  });
});

const INDEX: IndexCatalog = {
  schema: "crm",
  name: "contacts_lead_source",
  definition: "CREATE INDEX ...",
  method: "btree",
  unique: false,
  primary: false,
  valid: true,
  nullsNotDistinct: false,
  options: [],
  keys: [{ column: "lead_source", expressionColumns: [], descending: false, nullsFirst: false }],
  include: [],
};

describe("session-timeouts", () => {
  const NONE: ServerSettings = {
    maxConnections: 200,
    statementTimeout: 0,
    lockTimeout: 0,
    idleInTransactionTimeout: 0,
  };
  const judge = (settings: Partial<ServerSettings>, indexes: readonly IndexCatalog[] = []): readonly string[] =>
    lines(
      resultsOf(
        sessionTimeouts,
        contextOf({ catalog: catalogOf({ settings: { ...NONE, ...settings }, table: tableOf({ indexes }) }) }),
      ),
    );

  it("passes a role without timeouts", () => {
    expect(judge({}, [INDEX])).toEqual([
      'ok role "sluice" begins its sessions without a timeout that ends a run\'s statements.',
    ]);
  });

  it("refuses a statement_timeout that ends a scan, and any that ends the build of an index", () => {
    expect(judge({ statementTimeout: 44_999 })).toEqual([
      'refuse role "sluice" begins its sessions with statement_timeout = 44 s, which would end a batch or a scan, which may take 45 s. ALTER ROLE "sluice" IN DATABASE ... SET statement_timeout = 0; its next sessions have it',
    ]);
    expect(judge({ statementTimeout: 45_000 })[0]).toMatch(/^ok/);
    expect(judge({ statementTimeout: 86_400_000 }, [INDEX])[0]).toMatch(
      /^refuse .* = 24 h, which would end CREATE INDEX CONCURRENTLY/,
    );
    expect(judge({ statementTimeout: 500 }, [INDEX])[0]).toMatch(/ = 500 ms, .* 45 s, and CREATE INDEX CONCURRENTLY/);
  });

  it("refuses a transaction_timeout in the same way", () => {
    expect(judge({ transactionTimeout: 30_000 })[0]).toMatch(/^refuse .* transaction_timeout = 30 s/);
    expect(judge({ transactionTimeout: 60_000 })[0]).toMatch(/^ok/);
  });

  it("refuses a lock_timeout only where an index is built, which has to wait for old transactions", () => {
    expect(judge({ lockTimeout: 1 })[0]).toMatch(/^ok/);
    expect(judge({ lockTimeout: 1 }, [INDEX])[0]).toMatch(/^refuse .* lock_timeout = 1 ms/);
  });

  it("builds no index that is over other columns", () => {
    const other = { ...INDEX, keys: [{ ...INDEX.keys[0]!, column: "tenant_id" }] };
    expect(judge({ lockTimeout: 1 }, [other])[0]).toMatch(/^ok/);
  });

  it("refuses an idle timeout that is shorter than the way to the Data API and back", () => {
    expect(judge({ idleInTransactionTimeout: 1_999 })[0]).toMatch(
      /^refuse .* idle_in_transaction_session_timeout = 1999 ms, which would end a transaction between two calls/,
    );
    expect(judge({ idleInTransactionTimeout: 2_000 }, [INDEX])[0]).toMatch(/^ok/);
  });

  it("lists each of them", () => {
    expect(judge({ statementTimeout: 1, lockTimeout: 1, idleInTransactionTimeout: 1 }, [INDEX])).toHaveLength(3);
  });

  it("is left out for a snapshot that does not say, and judges without a table", () => {
    expect(resultsOf(sessionTimeouts, contextOf({ catalog: catalogOf({ settings: undefined }) }))).toEqual([]);
    const catalog = catalogOf({ settings: { ...NONE, statementTimeout: 1 }, table: undefined });
    expect(severities(resultsOf(sessionTimeouts, contextOf({ catalog })))).toEqual(["refuse"]);
  });
});

describe("long-transactions", () => {
  const oldest = { owner: 'session 4711 of role bi (application "export")', state: "idle in transaction" };

  it("warns of one that is older than five minutes, by its session and age", () => {
    expect(
      lines(
        resultsOf(
          longTransactions,
          contextOf({ transactions: readAs({ oldest: { ...oldest, seconds: 754 }, hidden: 3 }) }),
        ),
      ),
    ).toEqual([
      'warn session 4711 of role bi (application "export") has had a transaction open for 12 min (idle in transaction): expand gets no lock on a table that it has used, and no index build ends before it. Let it end, or end it with pg_terminate_backend, before the start',
    ]);
    expect(
      severities(
        resultsOf(
          longTransactions,
          contextOf({ transactions: readAs({ oldest: { ...oldest, seconds: 300 }, hidden: 0 }) }),
        ),
      ),
    ).toEqual(["ok"]);
  });

  it("says what the role may not see", () => {
    expect(lines(resultsOf(longTransactions, contextOf({ transactions: readAs({ hidden: 2 }) })))).toEqual([
      'ok database "crm" has no transaction open for more than 5 min that the role may see; of 2 sessions of other roles it sees none (GRANT pg_monitor shows them).',
    ]);
  });

  it("warns where nobody could be asked, and is left out where nobody was", () => {
    expect(severities(resultsOf(longTransactions, contextOf({ transactions: UNREAD })))).toEqual(["warn"]);
    expect(resultsOf(longTransactions, contextOf({ transactions: NOT_ASKED }))).toEqual([]);
  });
});

describe("replication-slots", () => {
  it("warns of each slot without a reader, with what the backfill adds to it", () => {
    const slots = readAs([
      { name: "old_cdc", bytes: 5 * 2 ** 30 },
      { name: "fresh", bytes: 0 },
    ]);
    expect(lines(resultsOf(replicationSlots, contextOf({ slots })))).toEqual([
      'warn replication slot "old_cdc" has no reader and holds 5 GiB of WAL; the backfill writes about 620 MiB more. Let its reader catch up, or drop it with pg_drop_replication_slot',
      'warn replication slot "fresh" has no reader and holds 0 bytes of WAL; the backfill writes about 620 MiB more. Let its reader catch up, or drop it with pg_drop_replication_slot',
    ]);
  });

  it("passes none, warns where nobody could be asked, and is left out where nobody was", () => {
    expect(severities(resultsOf(replicationSlots, contextOf()))).toEqual(["ok"]);
    expect(severities(resultsOf(replicationSlots, contextOf({ slots: UNREAD })))).toEqual(["warn"]);
    expect(resultsOf(replicationSlots, contextOf({ slots: NOT_ASKED }))).toEqual([]);
  });
});
