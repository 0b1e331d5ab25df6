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
import { catalogOf, lines, migrationOf, tableContextOf, tableOf } from "./contexts.ts";

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
    lines(relationKind({ catalog: catalogOf({ table: tableOf(table) }) }, CONTACTS));

  it("passes ordinary and partitioned tables", () => {
    expect(judge({})).toEqual(['ok table "crm.contacts" is an ordinary table.']);
    expect(judge({ kind: "partitioned table", accessMethods: ["heap"] })).toEqual([
      'ok table "crm.contacts" is an ordinary partitioned table.',
    ]);
  });

  it("refuses what is not there, and what is no table", () => {
    expect(lines(relationKind({ catalog: catalogOf({ table: undefined }) }, CONTACTS))).toEqual([
      'refuse table "crm.contacts" does not exist. Correct the operation\'s table: schema and name exactly as in the database, upper and lower case too',
    ]);
    expect(judge({ kind: "view" })).toEqual([
      'refuse table "crm.contacts" is a view, not a table. Name the table that holds the rows',
    ]);
  });

  it("refuses temporary and typed tables and foreign storage, and warns of an unlogged one", () => {
    expect(judge({ persistence: "temporary" })[0]).toMatch(/^refuse .* is temporary/);
    expect(judge({ persistence: "unlogged" })[0]).toMatch(/^warn .* is unlogged/);
    expect(judge({ typed: true })[0]).toMatch(/^refuse .* is a typed table/);
    expect(judge({ accessMethods: ["columnar", "heap"] })[0]).toMatch(/^refuse .* access method "columnar";/);
  });
});

describe("inheritance", () => {
  it("refuses a partition or child, and a table with children", () => {
    expect(inheritance(tableContextOf()).map(({ verdict }) => verdict)).toEqual(["ok"]);
    expect(lines(inheritance(tableContextOf({ parents: ["crm.people"], inheritanceChildren: ["crm.old"] })))).toEqual([
      'refuse table "crm.contacts" is a partition or an inheritance child of "crm.people", which decides its columns. Migrate the table at the top instead',
      'refuse table "crm.contacts" has inheritance children, which triggers on it do not cover: "crm.old". ALTER TABLE ... NO INHERIT the children, or make them partitions',
    ]);
  });
});

describe("foreign-partitions", () => {
  it("refuses partitions on another server by name", () => {
    const partition = { schema: "crm", name: "contacts_eu", kind: "table" } as const;
    expect(foreignPartitions(tableContextOf({ partitions: [partition] })).verdict).toBe("ok");
    const archive = { schema: "crm", name: "archive", kind: "foreign table" } as const;
    expect(lines(foreignPartitions(tableContextOf({ partitions: [partition, archive] })))).toEqual([
      'refuse table "crm.contacts" has partitions on another server: "crm.archive". Detach them, and migrate them where their rows are',
    ]);
  });
});

describe("table-size", () => {
  it("is fine for an empty table, and warns of one that was never analysed", () => {
    expect(lines(tableSize(tableContextOf()))).toEqual([
      'ok table "crm.contacts" has about 1,000,000 rows in 10,000 blocks.',
    ]);
    expect(tableSize(tableContextOf({ rows: 0, blocks: 0 })).verdict).toBe("ok");
    expect(tableSize(tableContextOf({ rows: 0, blocks: 12 })).verdict).toBe("warn");
  });
});

describe("privileges", () => {
  const judge = (
    table: Parameters<typeof tableOf>[0],
    catalog: Parameters<typeof catalogOf>[0] = {},
  ): readonly string[] => lines(privileges(tableContextOf(table, { catalog: catalogOf(catalog) })));

  it("passes the owner that may create the ledger, or use the one that is there", () => {
    const pass = ['ok role "sluice" owns the table and has room for the ledger.'];
    expect(judge({})).toEqual(pass);
    const role = { name: "sluice", superuser: false, mayCreateSchema: false };
    expect(judge({}, { role, ledger: { exists: true, usable: true } })).toEqual(pass);
  });

  it("refuses who does not own the table", () => {
    expect(judge({ roleOwns: false })[0]).toMatch(
      /^refuse table "crm.contacts" belongs to "crm".*GRANT the owner to "sluice"$/,
    );
  });

  it("refuses where the ledger can neither be used nor created", () => {
    expect(judge({}, { ledger: { exists: true, usable: false } })[0]).toMatch(
      /^refuse schema "sluice" exists, and role "sluice" may not use/,
    );
    const role = { name: "sluice", superuser: false, mayCreateSchema: false };
    expect(judge({}, { role })[0]).toMatch(
      /^refuse schema "sluice" does not exist, and role "sluice" may not create it/,
    );
  });
});

describe("row-security", () => {
  it("refuses where rows are hidden from the role, or where nobody says", () => {
    const judge = (table: Parameters<typeof tableOf>[0]): string => rowSecurity(tableContextOf(table)).verdict;
    expect(judge({ rowSecurity: false })).toBe("ok");
    expect(judge({ rowSecurity: true, rowSecurityActive: false })).toBe("ok");
    expect(judge({ rowSecurity: false, rowSecurityActive: true })).toBe("refuse");
    expect(judge({ rowSecurity: true })).toBe("refuse");
  });
});

describe("sync-leftovers", () => {
  const triggers = [triggerOf({ name: "~sluice_insert_forward_a_b" }), triggerOf({})];

  it("refuses another run's triggers, and knows those of the run it goes on with", () => {
    expect(lines(syncLeftovers(tableContextOf({ triggers })))).toEqual([
      'refuse table "crm.contacts" has sync triggers of another migration\'s run: "~sluice_insert_forward_a_b". Bring that migration to its end, or undo it',
    ]);
    expect(syncLeftovers(tableContextOf({ triggers }, { resuming: true })).verdict).toBe("ok");
    expect(syncLeftovers(tableContextOf({ triggers: [triggerOf({})] })).verdict).toBe("ok");
  });
});

describe("trigger-order", () => {
  const judge = (changes: Partial<TriggerCatalog>): readonly string[] =>
    lines(triggerOrder(tableContextOf({ triggers: [triggerOf(changes)] })));

  it("refuses a BEFORE ROW trigger that fires after the sync triggers", () => {
    expect(judge({ name: "~zz" })).toEqual([
      'refuse trigger "~zz" does not sort between Sluice\'s sync triggers, so they would not see what it writes, or it not what they did. ALTER TRIGGER ... RENAME it to a name that sorts after "!sluice_" and before "~sluice_" by its bytes',
    ]);
    expect(judge({ name: "état" })[0]).toMatch(/^refuse trigger "état" does not sort between/);
    expect(judge({ name: "~sluice" })[0]).toMatch(/^ok /);
    expect(judge({ name: "zzz" })[0]).toMatch(/^ok /);
  });

  it("says of an UPDATE trigger that it fires for the backfill too", () => {
    expect(judge({})).toEqual([
      'ok trigger "touch" fires between the first and the last sync trigger, and also for each row that the backfill writes.',
    ]);
    expect(judge({ updateOf: ["email"] })).toEqual([
      'ok trigger "touch" fires between the first and the last sync trigger.',
    ]);
  });

  it.each([{ timing: "after" }, { level: "statement" }, { enabled: "disabled" }, { events: ["delete"] }] as const)(
    "passes one that rewrites no row: %o",
    (changes) => {
      expect(judge({ name: "~zz", ...changes })).toEqual([
        'ok table "crm.contacts" has no BEFORE ROW trigger of its own.',
      ]);
    },
  );
});

describe("validation-shards", () => {
  const judge = (shard_blocks: number, { blocks = 1_000_000, blockSize = 8_192 } = {}): string =>
    lines(
      validationShards(
        tableContextOf(
          { blocks },
          { migration: migrationOf({ validate: { shard_blocks } }), catalog: catalogOf({ blockSize }) },
        ),
      ),
    )[0] ?? "";

  it("warns above 256 MiB in one statement, and refuses 1 GiB", () => {
    expect([judge(4_096), judge(32_768)].map((line) => line.split(" ")[0])).toEqual(["ok", "ok"]);
    expect(judge(32_769)).toBe(
      "warn validate.shard_blocks is 32769 blocks: one statement scans 256 MiB, and the Data API cancels it at 45 s. Leave it at its default of 4096, or at most at 32768",
    );
    expect(judge(131_071)).toMatch(/^warn/);
    expect(judge(131_072)).toMatch(/^refuse validate.shard_blocks is 131072 blocks: one statement scans 1 GiB/);
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
    lines(backfillPace(tableContextOf(table, { migration: migrationOf({ backfill, validate }) })));

  it("passes the defaults, on a table of a single shard too", () => {
    expect(judge({})).toEqual(['ok table "crm.contacts" is brought over by 2 workers in short batches.']);
    expect(judge({}, { blocks: 1 })).toHaveLength(1);
    expect(judge({}, { blocks: 0 })[0]).toMatch(/^ok/);
  });

  it("warns of batches that hold their rows for more than two seconds", () => {
    expect(judge({ batch: { target: "2s" } })[0]).toMatch(/^ok/);
    expect(judge({ batch: { target: "2500ms" } })).toEqual([
      'warn backfill.batch.target is 2.5 s: so long may a write of a row in the batch have to wait. Set it to "2s" or less; "250ms" is the default',
    ]);
  });

  it("warns of workers for whom there is no shard", () => {
    expect(judge({ workers: 20 })[0]).toMatch(/^ok/);
    expect(judge({ workers: 21 })).toEqual([
      "warn backfill.workers is 21, and the table has no more than 20 shards: the others have nothing to do. Set it to 20 or less, or lower backfill.shard_blocks",
    ]);
  });

  it("warns of workers that take more than a quarter of the server's connections", () => {
    const few = { settings: { maxConnections: 40, statementTimeout: 0, lockTimeout: 0, idleInTransactionTimeout: 0 } };
    const pace = (backfill: number, validate: number): readonly string[] =>
      lines(
        backfillPace(
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
    expect(pace(11, 2)).toEqual([
      "warn backfill.workers is 11, each with a connection of its own, of the server's 40. Set it to 10 or less, which leaves the application three quarters of them",
    ]);
    expect(pace(2, 11)[0]).toMatch(/^warn validate.workers is 11/);
  });

  it("warns of the peak hours on a table of more than 10 GiB", () => {
    const large = { blocks: 1_310_720, rows: 504_000_000 };
    expect(judge({}, { ...large, bytes: 10 * GIB })[0]).toMatch(/^ok/);
    expect(judge({}, { ...large, bytes: 11 * GIB })).toEqual([
      'warn table "crm.contacts" has 11 GiB, some 2 h of backfill, and there is no soft window in this version. Start it outside the peak, and pause it with sluice pause when the peak comes',
    ]);
  });

  it("lists every reason", () => {
    expect(judge({ workers: 30, batch: { target: "3s" } }, { bytes: 11 * GIB })).toHaveLength(3);
  });
});
