import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { DatabaseUnavailable } from "../../../../core/errors.ts";
import type { ConditionReading } from "../../../../core/gates/evaluation.ts";
import type { ConditionPlan } from "../../../../core/gates/conditions/condition.ts";
import { readConditions } from "../../../../core/gates/read-conditions.ts";
import type { Clock, Database } from "../../../../core/ports.ts";
import { readContext } from "./read-context.ts";
import { freshDatabase, type FreshDatabase } from "../../../support/postgres.ts";

let fresh: FreshDatabase;

beforeAll(async () => {
  fresh = await freshDatabase();
  await fresh.client.query(`
    CREATE TABLE jobs (id int PRIMARY KEY);
    CREATE SEQUENCE numbers;
    CREATE FUNCTION write() RETURNS boolean LANGUAGE plpgsql AS $$
      BEGIN INSERT INTO jobs VALUES (1); RETURN true; END $$;
    CREATE FUNCTION write_all_the_same() RETURNS boolean LANGUAGE plpgsql AS $$
      BEGIN PERFORM set_config('transaction_read_only', 'off', true); INSERT INTO jobs VALUES (1); RETURN true; END $$;
    CREATE FUNCTION take_back() RETURNS boolean LANGUAGE plpgsql AS $$
      BEGIN SET TRANSACTION READ WRITE; INSERT INTO jobs VALUES (1); RETURN true; END $$;
    CREATE FUNCTION define() RETURNS boolean LANGUAGE plpgsql AS $$
      BEGIN CREATE TABLE made (id int); RETURN true; END $$;`);
});

afterAll(() => fresh.close());

beforeEach(() => fresh.client.query("DELETE FROM jobs"));

const CLOCK = { now: () => new Date() };

interface ReadFrom {
  readonly database: Database;
  readonly clock: Pick<Clock, "now">;
}

function readPredicates(
  from: ReadFrom,
  predicates: readonly { readonly name: string; readonly holds: string }[],
): Promise<readonly ConditionReading[]> {
  const planned = predicates.map((predicate): ConditionPlan => ({ kind: "sql", ...predicate }));
  return readConditions(readContext(from), planned);
}

const read = async (holds: string): Promise<ConditionReading | undefined> =>
  (await readPredicates({ database: fresh.database, clock: CLOCK }, [{ name: "quiet", holds }]))[0];

describe("a predicate that a gate asks for", () => {
  it("passes where PostgreSQL says true", async () => {
    expect(await read("NOT EXISTS (SELECT FROM jobs)")).toEqual({
      kind: "sql",
      name: "quiet",
      value: "true",
      threshold: "true",
      status: "pass",
      reason: "",
    });
  });

  it.each([
    ["NOT EXISTS (SELECT FROM jobs WHERE id = id) AND false", "false"],
    ["NULL::boolean", "null"],
    ["1", "not a boolean"],
    ["'true'::text", "not a boolean"],
    ["'t'", "not a boolean"],
  ])("waits for %s", async (holds, value) => {
    expect(await read(holds)).toMatchObject({ value, status: "wait", reason: `predicate "quiet" is ${value}` });
  });

  it.each([
    ["nonsense = 1", /SQLSTATE 42703: column "nonsense" does not exist$/],
    ["EXISTS (SELECT FROM nowhere)", /SQLSTATE 42P01: relation "nowhere" does not exist$/],
    ["1 / 0 = 1", /SQLSTATE 22012$/],
    ["true AND", /SQLSTATE 42601: syntax error/],
  ])("waits, with PostgreSQL's words, where %s cannot be evaluated", async (holds, words) => {
    expect(await read(holds)).toMatchObject({
      value: "unreadable",
      status: "wait",
      reason: expect.stringMatching(words) as string,
    });
  });

  it("says no more of PostgreSQL's words than an execution's state can carry", async () => {
    await fresh.client.query(`
      CREATE FUNCTION shout() RETURNS boolean LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION '%', repeat('no ', 100000); END $$;`);
    const reading = await read("shout()");
    expect(reading).toMatchObject({ value: "unreadable", status: "wait" });
    expect(reading?.reason).toMatch(/SQLSTATE P0001: no no .*…$/);
    expect(reading?.reason.length).toBeLessThan(400);
  });

  it.each(["write()", "write_all_the_same()", "take_back()", "define()", "nextval('numbers') > 0"])(
    "cannot write: %s",
    async (holds) => {
      expect(await read(holds)).toMatchObject({ value: "unreadable", status: "wait" });
      expect((await fresh.client.query("SELECT FROM jobs")).rowCount).toBe(0);
      expect((await fresh.client.query("SELECT to_regclass('made') AS made")).rows).toEqual([{ made: null }]);
      const { rows } = await fresh.client.query("SELECT is_called FROM numbers");
      expect(rows).toEqual([{ is_called: false }]);
    },
  );

  it.each([
    ["ends with a comment", "true -- and that is that"],
    ["is over several lines", "true\n  AND -- still\n  /* and */ true"],
    ["is in parentheses", "((true))"],
    ["holds OR at its top", "false OR true"],
  ])("means what it says where it %s", async (_, holds) => {
    expect(await read(holds)).toMatchObject({ status: "pass" });
  });

  it.each([
    ["closes a parenthesis that it has not opened", "false) IS FALSE OR (false"],
    ["opens one that it does not close", "(true"],
    ["opens a comment that it does not close", "true /*"],
    ["opens a text that it does not close", "'t"],
    ["is two values", "true, true"],
    ["is a query", "true FROM jobs"],
    ["is several queries", "true UNION SELECT true"],
    ["is a statement and another one", "true; DELETE FROM jobs; SELECT true"],
    ["is nothing but a comment", "-- true"],
    ["has no row", "true AS holds FROM jobs"],
  ])("does not pass where it %s", async (_, holds) => {
    expect(await read(holds)).toMatchObject({ status: "wait" });
  });

  it("is given 5 s and no more", async () => {
    expect(await read("pg_sleep(20) IS NOT NULL")).toMatchObject({
      status: "wait",
      reason: expect.stringMatching(/57014: canceling statement due to statement timeout/) as string,
    });
  });

  it("leaves nothing of its limits to the session's next user", async () => {
    await read("true");
    const [row] = await fresh.database.execute({
      text: "SELECT current_setting('transaction_read_only') AS read_only, current_setting('statement_timeout') AS timeout",
      parameters: {},
    });
    expect(row).toMatchObject({ read_only: "off" });
    expect(row?.["timeout"]).not.toBe("5s");
  });

  it("is not begun where those before it took so long that its function would end before it has answered", async () => {
    let seconds = 0;
    const slow = { now: () => new Date((seconds += 7) * 1_000) };
    const many = Array.from({ length: 6 }, (_, index) => ({ name: String(index), holds: "true" }));
    const readings = await readPredicates({ database: fresh.database, clock: slow }, many);
    expect(readings.map(({ status }) => status)).toEqual(["pass", "pass", "pass", "pass", "wait", "wait"]);
    expect(readings[4]).toMatchObject({
      value: "unreadable",
      reason: 'predicate "4" was not evaluated: those before it took 30 s',
    });
  });

  it("is read for itself: an error of one is none of the next", async () => {
    const readings = await readPredicates({ database: fresh.database, clock: CLOCK }, [
      { name: "broken", holds: "nonsense" },
      { name: "fine", holds: "true" },
    ]);
    expect(readings.map(({ name, status }) => [name, status])).toEqual([
      ["broken", "wait"],
      ["fine", "pass"],
    ]);
  });

  it("is not judged where the database does not answer: the ledger could not be told either", async () => {
    const gone = new DatabaseUnavailable({ object: "database", problem: "does not answer", remedy: "Retry" });
    const dead = { ...fresh.database, transaction: () => Promise.reject(gone) } as unknown as FreshDatabase["database"];
    await expect(readPredicates({ database: dead, clock: CLOCK }, [{ name: "a", holds: "true" }])).rejects.toBe(gone);
  });
});
