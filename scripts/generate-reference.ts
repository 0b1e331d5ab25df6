/**
 * Writes the generated pages of docs/reference. With `--check` it writes nothing and fails where one is stale.
 */
import { readFile, writeFile } from "node:fs/promises";
import { format } from "prettier";
import { cliPage } from "./reference/cli-page.ts";
import { editorSchema } from "./reference/editor-schema.ts";
import { migrationPage } from "./reference/migration-page.ts";

const FOLDER = new URL("../docs/reference/", import.meta.url);
const PAGES = {
  "migration.schema.json": () => JSON.stringify(editorSchema()),
  "migration.md": migrationPage,
  "cli.md": cliPage,
};

const check = process.argv.includes("--check");
for (const [name, write] of Object.entries(PAGES)) {
  const file = new URL(name, FOLDER);
  const text = await format(write(), { filepath: name, printWidth: 120 });
  const before = await readFile(file, "utf8").catch(() => "");
  if (text === before) continue;
  if (check) {
    process.stderr.write(
      `docs/reference/${name}: is stale. Run "npx tsx scripts/generate-reference.ts" and commit it\n`,
    );
    process.exitCode = 1;
  } else {
    await writeFile(file, text);
    process.stdout.write(`wrote docs/reference/${name}\n`);
  }
}
