import { describe, expect, it } from "vitest";
import type { TriggerCatalog } from "../../../core/catalog/catalog.ts";
import { backfillPace } from "../../../core/preflight/checks/table/backfill-pace.ts";
import { foreignPartitions } from "../../../core/preflight/checks/table/foreign-partitions.ts";
import { inheritance } from "../../../core/preflight/checks/table/inheritance.ts";
import { privileges } from "../../../core/preflight/checks/table/privileges.ts";
import { relationKind } from "../../../core/preflight/checks/table/relation-kind.ts";
import { rowSecurity } from "../../../core/preflight/checks/table/row-security.ts";
import { syncLeftovers } from "../../../core/preflight/checks/table/sync-leftovers.ts";
import { tableSize } from "../../../core/preflight/checks/table/table-size.ts";
import { triggerOrder } from "../../../core/preflight/checks/table/trigger-order.ts";
import { validationShards } from "../../../core/preflight/checks/table/validation-shards.ts";
import type { MigrationInput } from "../../../core/migration/schema.ts";
import { resultsOf } from "../../../core/preflight/run-preflight.ts";
import { catalogOf, contextOf, found, lines, migrationOf, severityOf, tableContextOf, tableOf } from "./contexts.ts";

const GIB = 2 ** 30;

const CONTACTS = { schema: "crm", name: "contacts" };

const triggerOf = (changes: Partial<TriggerCatalog>): TriggerCatalog => ({
  name: "touch",
  timing: "before",
  level: "row",
  events: ["insert", "update"],
  enabled: "origin",
  function: "crm.touch",
  definition: "CREATE TRIGGER touch ...",
  updateOf: [],
  ...changes,
});

describe("relation-kind", () => {
  const judge = (table: Parameters<typeof tableOf>[0]): readonly string[] =>
    found(resultsOf(relationKind, { ...contextOf(), wanted: CONTACTS, relation: tableOf(table) }));

  it("passes ordinary and partitioned tables", () => {
    expect(judge({})).toEqual(['ok relation-kind table "crm.contacts"']);
    expect(judge({ kind: "partitioned table", accessMethods: ["heap"] })).toEqual([
      'ok relation-kind table "crm.contacts"',
    ]);
  });

  it("refuses what is not there, and what is no table", () => {
    expect(found(resultsOf(relationKind, { ...contextOf(), wanted: CONTACTS, relation: undefined }))).toEqual([
      'refuse relation-kind table "crm.contacts"',
    ]);
    expect(judge({ kind: "view" })).toEqual(['refuse relation-kind table "crm.contacts"']);
  });

  it("refuses temporary and typed tables and foreign storage, and warns of an unlogged one", () => {
    expect(judge({ persistence: "temporary" })).toEqual(['refuse relation-kind table "crm.contacts"']);
    expect(judge({ persistence: "unlogged" })).toEqual(['warn relation-kind table "crm.contacts"']);
    expect(judge({ typed: true })).toEqual(['refuse relation-kind table "crm.contacts"']);
    expect(judge({ accessMethods: ["columnar", "heap"] })).toEqual(['refuse relation-kind table "crm.contacts"']);
  });
});

describe("inheritance", () => {
  it("refuses a partition or child, and a table with children", () => {
    expect(resultsOf(inheritance, tableContextOf()).map(({ severity }) => severity)).toEqual(["ok"]);
    const refused = resultsOf(
      inheritance,
      tableContextOf({ parents: ["crm.people"], inheritanceChildren: ["crm.old"] }),
    );
    expect(found(refused)).toEqual([
      'refuse inheritance table "crm.contacts"',
      'refuse inheritance table "crm.contacts"',
    ]);
    expect(lines(refused)[0]).toContain('"crm.people"');
    expect(lines(refused)[1]).toContain('"crm.old"');
  });
});

describe("foreign-partitions", () => {
  it("refuses partitions on another server by name", () => {
    const partition = { schema: "crm", name: "contacts_eu", kind: "table" } as const;
    expect(severityOf(resultsOf(foreignPartitions, tableContextOf({ partitions: [partition] })))).toBe("ok");
    const archive = { schema: "crm", name: "archive", kind: "foreign table" } as const;
    const refused = resultsOf(foreignPartitions, tableContextOf({ partitions: [partition, archive] }));
    expect(found(refused)).toEqual(['refuse foreign-partitions table "crm.contacts"']);
    expect(lines(refused)[0]).toContain('"crm.archive"');
    expect(lines(refused)[0]).not.toContain("contacts_eu");
  });
});

describe("table-size", () => {
  it("is fine for an empty table, and warns of one that was never analysed", () => {
    expect(found(resultsOf(tableSize, tableContextOf()))).toEqual(['ok table-size table "crm.contacts"']);
    expect(lines(resultsOf(tableSize, tableContextOf()))[0]).toMatch(/ 1,000,000 rows .* 10,000 blocks/);
    expect(severityOf(resultsOf(tableSize, tableContextOf({ rows: 0, blocks: 0 })))).toBe("ok");
    expect(severityOf(resultsOf(tableSize, tableContextOf({ rows: 0, blocks: 12 })))).toBe("warn");
  });
});

describe("privileges", () => {
  const judge = (
    table: Parameters<typeof tableOf>[0],
    catalog: Parameters<typeof catalogOf>[0] = {},
  ): readonly string[] => found(resultsOf(privileges, tableContextOf(table, { catalog: catalogOf(catalog) })));

  it("passes the owner that may create the ledger, or use the one that is there", () => {
    const pass = ['ok privileges role "sluice"'];
    expect(judge({})).toEqual(pass);
    const role = { name: "sluice", superuser: false, mayCreateSchema: false };
    expect(judge({}, { role, ledger: { exists: true, usable: true } })).toEqual(pass);
  });

  it("refuses who does not own the table", () => {
    expect(judge({ roleOwns: false })).toEqual(['refuse privileges table "crm.contacts"']);
  });

  it("refuses where the ledger can neither be used nor created", () => {
    expect(judge({}, { ledger: { exists: true, usable: false } })).toEqual(['refuse privileges schema "sluice"']);
    const role = { name: "sluice", superuser: false, mayCreateSchema: false };
    expect(judge({}, { role })).toEqual(['refuse privileges schema "sluice"']);
  });
});

describe("row-security", () => {
  it("refuses where rows are hidden from the role, or where nobody says", () => {
    const judge = (table: Parameters<typeof tableOf>[0]): string =>
      severityOf(resultsOf(rowSecurity, tableContextOf(table)));
    expect(judge({ rowSecurity: false })).toBe("ok");
    expect(judge({ rowSecurity: true, rowSecurityActive: false })).toBe("ok");
    expect(judge({ rowSecurity: false, rowSecurityActive: true })).toBe("refuse");
    expect(judge({ rowSecurity: true })).toBe("refuse");
  });
});

describe("sync-leftovers", () => {
  const triggers = [triggerOf({ name: "~sluice_insert_forward_a_b" }), triggerOf({})];

  it("refuses another run's triggers, and knows those of the run it goes on with", () => {
    const refused = resultsOf(syncLeftovers, tableContextOf({ triggers }));
    expect(found(refused)).toEqual(['refuse sync-leftovers table "crm.contacts"']);
    expect(lines(refused)[0]).toContain('"~sluice_insert_forward_a_b"');
    expect(lines(refused)[0]).not.toContain("touch");
    expect(severityOf(resultsOf(syncLeftovers, tableContextOf({ triggers }, { resuming: true })))).toBe("ok");
    expect(severityOf(resultsOf(syncLeftovers, tableContextOf({ triggers: [triggerOf({})] })))).toBe("ok");
  });
});

describe("trigger-order", () => {
  const judge = (changes: Partial<TriggerCatalog>): readonly string[] =>
    found(resultsOf(triggerOrder, tableContextOf({ triggers: [triggerOf(changes)] })));

  it("refuses a BEFORE ROW trigger that fires after the sync triggers", () => {
    expect(judge({ name: "~zz" })).toEqual(['refuse trigger-order trigger "~zz"']);
    expect(judge({ name: "état" })).toEqual(['refuse trigger-order trigger "état"']);
    expect(judge({ name: "~sluice" })[0]).toMatch(/^ok /);
    expect(judge({ name: "zzz" })[0]).toMatch(/^ok /);
  });

  it("says of an UPDATE trigger that it fires for the backfill too", () => {
    expect(judge({})).toEqual(['ok trigger-order trigger "touch"']);
    expect(judge({ updateOf: ["email"] })).toEqual(['ok trigger-order trigger "touch"']);
    const said = (changes: Partial<TriggerCatalog>): string =>
      lines(resultsOf(triggerOrder, tableContextOf({ triggers: [triggerOf(changes)] }))).join();
    expect(said({})).toContain("each row that the backfill writes");
    expect(said({ updateOf: ["email"] })).not.toContain("backfill");
  });

  it.each([{ timing: "after" }, { level: "statement" }, { enabled: "disabled" }, { events: ["delete"] }] as const)(
    "passes one that rewrites no row: %o",
    (changes) => {
      expect(judge({ name: "~zz", ...changes })).toEqual(['ok trigger-order table "crm.contacts"']);
    },
  );
});

describe("validation-shards", () => {
  const judge = (shard_blocks: number, { blocks = 1_000_000, blockSize = 8_192 } = {}): string =>
    found(
      resultsOf(
        validationShards,
        tableContextOf(
          { blocks },
          { migration: migrationOf({ validate: { shard_blocks } }), catalog: catalogOf({ blockSize }) },
        ),
      ),
    )[0] ?? "";

  it("warns above 256 MiB in one statement, and refuses 1 GiB", () => {
    expect([judge(4_096), judge(32_768)].map((line) => line.split(" ")[0])).toEqual(["ok", "ok"]);
    expect(judge(32_769)).toBe("warn validation-shards validate.shard_blocks");
    expect(judge(131_071)).toMatch(/^warn/);
    expect(judge(131_072)).toBe("refuse validation-shards validate.shard_blocks");
  });

  it("counts no more than the table has", () => {
    expect(judge(131_072, { blocks: 32_768 })).toMatch(/^ok/);
  });

  it("counts the server's own block size", () => {
    expect(judge(32_768, { blockSize: 32_768 })).toMatch(/^refuse/);
  });
});

describe("backfill-pace", () => {
  const judge = (
    backfill: MigrationInput["backfill"],
    table: Parameters<typeof tableOf>[0] = {},
    validate: MigrationInput["validate"] = {},
  ): readonly string[] =>
    found(resultsOf(backfillPace, tableContextOf(table, { migration: migrationOf({ backfill, validate }) })));
  const said = (backfill: MigrationInput["backfill"], table: Parameters<typeof tableOf>[0] = {}): string =>
    lines(resultsOf(backfillPace, tableContextOf(table, { migration: migrationOf({ backfill }) }))).join();

  it("passes the defaults, on a table of a single shard too", () => {
    expect(judge({})).toEqual(['ok backfill-pace table "crm.contacts"']);
    expect(judge({}, { blocks: 1 })).toHaveLength(1);
    expect(judge({}, { blocks: 0 })[0]).toMatch(/^ok/);
  });

  it("warns of batches that hold their rows for more than two seconds", () => {
    expect(judge({ batch: { target: "2s" } })[0]).toMatch(/^ok/);
    expect(judge({ batch: { target: "2500ms" } })).toEqual(["warn backfill-pace backfill.batch.target"]);
  });

  it("warns of workers for whom there is no shard", () => {
    expect(judge({ workers: 20 })[0]).toMatch(/^ok/);
    expect(judge({ workers: 21 })).toEqual(["warn backfill-pace backfill.workers"]);
    expect(said({ workers: 21 })).toMatch(/ 21, .* 20 shards/);
  });

  it("warns of workers that take more than a quarter of the server's connections", () => {
    const few = { settings: { maxConnections: 40, statementTimeout: 0, lockTimeout: 0, idleInTransactionTimeout: 0 } };
    const pace = (backfill: number, validate: number): readonly string[] =>
      found(
        resultsOf(
          backfillPace,
          tableContextOf(
            {},
            {
              migration: migrationOf({ backfill: { workers: backfill }, validate: { workers: validate } }),
              catalog: catalogOf(few),
            },
          ),
        ),
      );
    expect(pace(10, 10)[0]).toMatch(/^ok/);
    expect(pace(11, 2)).toEqual(["warn backfill-pace backfill.workers"]);
    expect(pace(2, 11)).toEqual(["warn backfill-pace validate.workers"]);
  });

  it("warns of the peak hours on a table of more than 10 GiB", () => {
    const large = { blocks: 1_310_720, rows: 504_000_000 };
    expect(judge({}, { ...large, bytes: 10 * GIB })[0]).toMatch(/^ok/);
    expect(judge({}, { ...large, bytes: 11 * GIB })).toEqual(['warn backfill-pace table "crm.contacts"']);
    expect(said({}, { ...large, bytes: 11 * GIB })).toMatch(/ 11 GiB, some 2 h /);
  });

  it("lists every reason", () => {
    expect(judge({ workers: 30, batch: { target: "3s" } }, { bytes: 11 * GIB })).toHaveLength(3);
  });
});
