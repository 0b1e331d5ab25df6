import { describe, expect, it } from "vitest";
import { allowedBy, migrationJsonSchema, schemaAt } from "../../../core/migration/json-schema.ts";
import { UNIMPLEMENTED } from "../../../core/migration/unimplemented.ts";

describe("the JSON Schema of a migration", () => {
  it("describes what a person writes: defaults are optional and durations are text", () => {
    const schema = migrationJsonSchema();
    expect(schema.required).toEqual(["migration", "description", "database", "operations"]);
    expect(schemaAt(["soak"])).toMatchObject({ type: "string", default: "1h" });
    expect(schemaAt(["cutover", "steps", 0, "percent"])).toMatchObject({ minimum: 0, maximum: 100 });
  });

  it("has no place for an unknown key", () => {
    expect(schemaAt(["backfill", "wokers"])).toBeUndefined();
    expect(schemaAt(["backfill"])?.additionalProperties).toBe(false);
  });

  it.each(UNIMPLEMENTED.map(({ path }) => path))("has room for %s, which is not implemented", (path) => {
    const keys = path.split(".").flatMap((key) => (key.endsWith("[]") ? [key.slice(0, -2), 0] : [key]));
    expect(schemaAt(keys)).toBeDefined();
  });

  it.each([
    [["backfill", "max_rows_per_second"], "a whole number, at least 1"],
    [["gates", "before_cutover", "approval", "self_approval"], "true or false"],
    [["gates", "before_soak", "on_fail"], '"rollback" or "pause"'],
    [["gates"], /^a mapping with keys of alarms, timeout, poll, before_expand, /],
    [["gates", "before_soak", "metrics", 0], /^a mapping with keys of name, metrics, /],
    [["operations", 0, "rename_column"], "a mapping"],
  ])("puts what is allowed at %j in words", (path, words) => {
    expect(allowedBy(schemaAt(path))).toMatch(words);
  });
});
