import { describe, expect, it } from "vitest";
import { LEDGER_MIGRATIONS } from "../../core/ledger/migrations.ts";
import { ledgerMigrations, statementsOf } from "../../scripts/ledger/ledger-migrations.ts";

describe("a file of the ledger's migrations", () => {
  const statements = (text: string): readonly string[] => statementsOf(text, "0009.sql");

  it("is split into its statements, without comments and semicolons", () => {
    const text = `-- first;\n\nSELECT 'a;b',\n  -- within;\n  CAST('{}' AS jsonb), '1'::text;\n\n\n-- second\nSELECT 2;\n`;
    expect(statements(text)).toEqual([`SELECT 'a;b',\n  CAST('{}' AS jsonb), '1'::text`, "SELECT 2"]);
  });

  it.each([
    ["SELECT 1", /0009\.sql: a statement ends in a semicolon/],
    ["SELECT 1,\n\n2;", /a statement ends in a semicolon/],
    ["SELECT 1;\nSELECT 2;", /a blank line belongs between two statements/],
    ["SELECT :name;", /would read this as a parameter/],
  ])("is refused where it is %j", (text, message) => {
    expect(() => statements(text)).toThrow(message);
  });

  it("is in the module as it is in the file", () => {
    const module = ledgerMigrations();
    for (const statement of LEDGER_MIGRATIONS.flat()) expect(module).toContain(statement);
  });
});
