import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { gateLines } from "../../../../cli/output/gate-text.ts";
import { gatesLines } from "../../../../cli/output/planned-gates-text.ts";
import { styleOf } from "../../../../cli/output/style.ts";
import { evaluationOf } from "../../../../cli/services/gate-evaluation.ts";
import type * as registry from "../../../../core/gates/conditions/registry.ts";
import { gate } from "../../../../core/gates/gate.ts";
import { planGate } from "../../../../core/gates/gate-plan.ts";
import { rollbackAlarms } from "../../../../core/gates/rollback-alarms.ts";
import { migrationJsonSchema, schemaAt } from "../../../../core/migration/json-schema.ts";
import { parseMigration } from "../../../../core/migration/parse-migration.ts";
import type { Migration, MigrationInput } from "../../../../core/migration/schema.ts";
import { planMigration } from "../../../../core/plan/plan-migration.ts";
import { CHECKS } from "../../../../core/preflight/checks/registry.ts";
import { gatherStack, STACK_NOT_ASKED } from "../../../../core/preflight/gather.ts";
import { FakeClock, FakeAlarms, FakeFlags, FakeMetrics } from "../../../support/fakes.ts";
import { freshDatabase, type FreshDatabase } from "../../../support/postgres.ts";
import { catalogOf, contextOf, gateCheck, lines } from "../../preflight/contexts.ts";
import { createContacts, MIGRATION, Stage } from "../../run/stage.ts";
import { QUEUE } from "./made-up-kind.ts";

// All that adding a kind takes: its file, and one line of the registry.
vi.mock("../../../../core/gates/conditions/registry.ts", async (original) => {
  const { CONDITIONS } = await original<typeof registry>();
  const { queue } = await import("./made-up-kind.ts");
  return { CONDITIONS: [...CONDITIONS, queue] };
});

const LAYOUT = { style: styleOf(false), width: 120 };

/** The types of this repository do not know the key. */
const gatesWith = (queue: unknown): NonNullable<MigrationInput["gates"]> =>
  ({ ...MIGRATION.gates, before_cutover: { queue } }) as NonNullable<MigrationInput["gates"]>;

const migrationWith = (queue: unknown): Migration =>
  parseMigration(JSON.stringify({ ...MIGRATION, gates: gatesWith(queue) }), "rename.yaml");

beforeEach(() => {
  QUEUE.length = 2;
});

describe("a kind of condition that is made here alone", () => {
  it("has its key in the migration file, which is validated by its schema", () => {
    expect(migrationWith({ at_most: 3 }).gates.before_cutover).toMatchObject({ queue: { at_most: 3 } });
    expect(() => migrationWith({ at_most: -1 })).toThrow(
      "gates.before_cutover.queue.at_most: -1 is not allowed; allowed: a whole number, at least 0",
    );
    expect(schemaAt(["gates", "before_cutover", "queue"], migrationJsonSchema())).toMatchObject({
      description: "Length of the made-up queue",
    });
  });

  it("is in the plan's gate, in its print and among its rollback alarms", () => {
    const migration = migrationWith({ at_most: 3 });
    expect(planGate(migration, "before_cutover").conditions.at(-1)).toEqual({
      kind: "queue",
      name: "made-up",
      atMost: 3,
    });
    expect(rollbackAlarms(migration)).toEqual(["crm-errors", "crm-latency", "queue-alarm"]);
    const catalog = catalogOf();
    const table = catalog.table && { ...catalog.table, schema: "public" };
    const text = gatesLines(planMigration(migration, { ...catalog, table }), LAYOUT).join("\n");
    expect(text).toMatch(/before cutover\n[^]*queue +at most 3 messages/);
    expect(text).not.toContain("before soak");
  });

  it("is asked about by a preflight, and judged by its check, which is in the list of all", async () => {
    const migration = migrationWith({ at_most: 3 });
    const judged = async (): Promise<readonly string[]> => {
      const { conditions } = await gatherStack(
        {
          flags: new FakeFlags({ migrations: [] }),
          alarms: new FakeAlarms({}),
          metrics: new FakeMetrics(),
          clock: new FakeClock(),
          registry: undefined,
        },
        { migration, runId: undefined },
      );
      return lines(gateCheck("gate-queue", contextOf({ migration, conditions })));
    };
    expect(CHECKS.map(({ name }) => name)).toContain("gate-queue");
    expect(await judged()).toEqual(['ok gate before_cutover "made-up" has 2 of 3.']);
    QUEUE.length = undefined;
    expect(await judged()).toEqual(['refuse gate before_cutover "made-up" does not answer. Repair the queue']);
    expect(gateCheck("gate-queue", contextOf({ migration, ...STACK_NOT_ASKED }))).toEqual([]);
  });

  describe("at a gate of a run", () => {
    let fresh: FreshDatabase;
    let stage: Stage;

    beforeAll(async () => {
      fresh = await freshDatabase();
      await createContacts(fresh);
    });

    afterAll(() => fresh.close());

    beforeEach(async () => {
      stage = await (await Stage.begin(fresh, { gates: gatesWith({ at_most: 3 }) })).reach("validate");
    });

    const poll = (): ReturnType<typeof gate> => gate(stage.ports, stage.run, { gate: "before_cutover" });

    it("is read at each evaluation: the gate waits for it, passes, and fails after its timeout", async () => {
      QUEUE.length = 4;
      expect(await poll()).toMatchObject({ status: "wait", message: /: the queue has 4$/ });
      QUEUE.length = 3;
      expect(await poll()).toMatchObject({ status: "done", message: "3 conditions pass" });
      QUEUE.length = undefined;
      await poll();
      await stage.pass(300);
      await expect(poll()).rejects.toThrow("gate before_cutover: the queue does not answer");
    });

    it("has its line in sluice status, from what the ledger has of it", async () => {
      await poll();
      const { rows } = await fresh.client.query<{ detail: unknown }>(
        `SELECT detail FROM sluice.event WHERE run_id = $1 AND kind = 'gate' ORDER BY id DESC LIMIT 1`,
        [stage.run.ref.id],
      );
      expect(gateLines(evaluationOf(rows[0]?.detail)!, LAYOUT)).toEqual([
        "gate before cutover  passed",
        "  ✓ alarm crm-errors: OK",
        "  ✓ alarm crm-latency: OK",
        "  ✓ queue with 2 messages, at most 3",
      ]);
    });
  });
});
