/**
 * Writes the generated pages of docs/reference, and the generated regions of docs/runbook.md. With `--check` it writes
 * nothing and fails where one is stale.
 */
import { readFile, writeFile } from "node:fs/promises";
import { format } from "prettier";
import { cliPage } from "./reference/cli-page.ts";
import { editorSchema } from "./reference/editor-schema.ts";
import { migrationPage } from "./reference/migration-page.ts";
import { checksTable, preflightPage } from "./reference/preflight-page.ts";
import { alarmsTable } from "./runbook/alarms.ts";
import { endsTable } from "./runbook/ends.ts";
import { errorsTable } from "./runbook/errors.ts";
import { gatesTable, pausedStates } from "./runbook/gates.ts";
import { fillRegions } from "./runbook/regions.ts";

const DOCS = new URL("../docs/", import.meta.url);

type Writer = (before: string) => string;
const PAGES: Readonly<Record<string, Writer>> = {
  "reference/migration.schema.json": () => JSON.stringify(editorSchema()),
  "reference/migration.md": migrationPage,
  "reference/cli.md": cliPage,
  "reference/preflight.md": () => preflightPage(),
  "runbook.md": (before) =>
    fillRegions(before, {
      alarms: alarmsTable(),
      ends: endsTable(),
      gates: gatesTable(),
      "paused-states": pausedStates(),
      errors: errorsTable(),
      checks: checksTable(),
    }),
};

const check = process.argv.includes("--check");
for (const [name, write] of Object.entries(PAGES)) {
  const file = new URL(name, DOCS);
  const before = await readFile(file, "utf8").catch(() => "");
  const text = await format(write(before), { filepath: name, printWidth: 120 });
  if (text === before) continue;
  if (check) {
    process.stderr.write(`docs/${name}: is stale. Run "npx tsx scripts/generate-reference.ts" and commit it\n`);
    process.exitCode = 1;
  } else {
    await writeFile(file, text);
    process.stdout.write(`wrote docs/${name}\n`);
  }
}
