import { describe, expect, it } from "vitest";
import type { IndexCatalog, ServerSettings } from "../../../core/catalog/catalog.ts";
import type { CheckResult } from "../../../core/preflight/check.ts";
import { longTransactions } from "../../../core/preflight/checks/server/long-transactions.ts";
import { NOT_ASKED, readAs } from "../../../core/reading.ts";
import { replicationSlots } from "../../../core/preflight/checks/server/replication-slots.ts";
import { serverVersion } from "../../../core/preflight/checks/server/server-version.ts";
import { sessionTimeouts } from "../../../core/preflight/checks/server/session-timeouts.ts";
import { resultsOf } from "../../../core/preflight/run-preflight.ts";
import { catalogOf, contextOf, found, lines, severities, severityOf, tableOf, UNREAD } from "./contexts.ts";

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
    expect(found(resultsOf(serverVersion, contextOf({ catalog: catalogOf({ serverVersion: 130_022 }) })))).toEqual([
      'refuse server-version server "PostgreSQL 13"',
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
  const results = (settings: Partial<ServerSettings>, indexes: readonly IndexCatalog[] = []): readonly CheckResult[] =>
    resultsOf(
      sessionTimeouts,
      contextOf({ catalog: catalogOf({ settings: { ...NONE, ...settings }, table: tableOf({ indexes }) }) }),
    );
  const judge = (...of: Parameters<typeof results>): readonly string[] => found(results(...of));
  const said = (...of: Parameters<typeof results>): string => lines(results(...of)).join();

  it("passes a role without timeouts", () => {
    expect(judge({}, [INDEX])).toEqual(['ok session-timeouts role "sluice"']);
  });

  it("refuses a statement_timeout that ends a scan, and any that ends the build of an index", () => {
    expect(judge({ statementTimeout: 44_999 })).toEqual(['refuse session-timeouts role "sluice"']);
    expect(said({ statementTimeout: 44_999 })).toMatch(/ statement_timeout = 44 s, .* a batch or a scan/);
    expect(judge({ statementTimeout: 45_000 })[0]).toMatch(/^ok/);
    expect(said({ statementTimeout: 86_400_000 }, [INDEX])).toMatch(/^refuse .* = 24 h, .* CREATE INDEX CONCURRENTLY/);
    expect(said({ statementTimeout: 86_400_000 }, [INDEX])).not.toContain("a batch or a scan");
    expect(said({ statementTimeout: 500 }, [INDEX])).toMatch(/ = 500 ms, .* 45 s, and CREATE INDEX CONCURRENTLY/);
  });

  it("refuses a transaction_timeout in the same way", () => {
    expect(said({ transactionTimeout: 30_000 })).toMatch(/^refuse .* transaction_timeout = 30 s/);
    expect(judge({ transactionTimeout: 60_000 })[0]).toMatch(/^ok/);
  });

  it("refuses a lock_timeout only where an index is built, which has to wait for old transactions", () => {
    expect(judge({ lockTimeout: 1 })[0]).toMatch(/^ok/);
    expect(said({ lockTimeout: 1 }, [INDEX])).toMatch(/^refuse .* lock_timeout = 1 ms/);
  });

  it("builds no index that is over other columns", () => {
    const other = { ...INDEX, keys: [{ ...INDEX.keys[0]!, column: "tenant_id" }] };
    expect(judge({ lockTimeout: 1 }, [other])[0]).toMatch(/^ok/);
  });

  it("refuses an idle timeout that is shorter than the way to the Data API and back", () => {
    expect(said({ idleInTransactionTimeout: 1_999 })).toMatch(
      /^refuse .* idle_in_transaction_session_timeout = 1999 ms, /,
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
      found(
        resultsOf(
          longTransactions,
          contextOf({ transactions: readAs({ oldest: { ...oldest, seconds: 754 }, hidden: 3 }) }),
        ),
      ),
    ).toEqual(['warn long-transactions session 4711 of role bi (application "export")']);
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
    const blind = resultsOf(longTransactions, contextOf({ transactions: readAs({ hidden: 2 }) }));
    expect(found(blind)).toEqual(['ok long-transactions database "crm"']);
    expect(lines(blind)[0]).toContain(" 2 sessions of other roles ");
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
    const warned = resultsOf(replicationSlots, contextOf({ slots }));
    expect(lines(warned)[0]).toMatch(/ 5 GiB of WAL; .* 620 MiB/);
    expect(lines(warned)[1]).toMatch(/ 0 bytes of WAL; .* 620 MiB/);
    expect(found(warned)).toEqual([
      'warn replication-slots replication slot "old_cdc"',
      'warn replication-slots replication slot "fresh"',
    ]);
  });

  it("passes none, warns where nobody could be asked, and is left out where nobody was", () => {
    expect(severities(resultsOf(replicationSlots, contextOf()))).toEqual(["ok"]);
    expect(severities(resultsOf(replicationSlots, contextOf({ slots: UNREAD })))).toEqual(["warn"]);
    expect(resultsOf(replicationSlots, contextOf({ slots: NOT_ASKED }))).toEqual([]);
  });
});
