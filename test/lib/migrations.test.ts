import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { ConfigurationInvalid, MigrationInvalid } from "../../core/errors.ts";
import { readConfig } from "../../lib/config.ts";
import { readMigrations } from "../../lib/migrations.ts";
import { CONFIG } from "./synthesized.ts";

const root = mkdtempSync(join(tmpdir(), "sluice-migrations-"));
const EXAMPLE = readFileSync("examples/migrations/contact-acquisition-channel.yaml", "utf8");
let folders = 0;

afterAll(() => {
  rmSync(root, { recursive: true });
});

function read(files: Readonly<Record<string, string>>) {
  const folder = join(root, String(folders++));
  mkdirSync(folder);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return readMigrations(readConfig({ ...CONFIG, migrations: folder }));
}

describe("the migrations of a folder", () => {
  it("are its YAML and JSON files, in the order of their names", () => {
    const named = (name: string) => EXAMPLE.replace("contact-acquisition-channel", name);
    const found = read({ "b.yml": named("second"), "a.yaml": named("first"), "README.md": "not one" });
    expect(found.map(({ migration }) => migration.migration)).toEqual(["first", "second"]);
  });

  it("are refused where two have one name, naming both files", () => {
    expect(() => read({ "a.yaml": EXAMPLE, "b.yaml": EXAMPLE })).toThrow(/a\.yaml and .*b\.yaml/);
  });

  it("are refused where one does not parse", () => {
    expect(() => read({ "a.yaml": EXAMPLE.replace("from: lead_source", "form: lead_source") })).toThrow(
      MigrationInvalid,
    );
  });

  it("are refused where the database is not configured, naming those that are", () => {
    expect(() => read({ "a.yaml": EXAMPLE.replace("database: crm", "database: cmr") })).toThrow(
      /"database": "cmr".*a\.yaml.*one of: crm/s,
    );
  });

  it("are refused where the folder cannot be read", () => {
    expect(() => readMigrations(readConfig({ ...CONFIG, migrations: join(root, "absent") }))).toThrow(
      ConfigurationInvalid,
    );
  });
});
