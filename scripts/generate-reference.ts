/**
 * Writes the rendered state machines, the ledger's migrations as a module of core, the generated pages of
 * docs/reference, and the generated regions of docs/runbook.md. With `--check` it writes nothing and fails where one is stale.
 */
import { readFile, writeFile } from "node:fs/promises";
import { format } from "prettier";
import { migration } from "../state-machines/migration.ts";
import { rollback } from "../state-machines/rollback.ts";
import { undo } from "../state-machines/undo.ts";
import { ledgerMigrations } from "./ledger/ledger-migrations.ts";
import { cliPage } from "./reference/cli-page.ts";
import { editorSchema } from "./reference/editor-schema.ts";
import { migrationPage } from "./reference/migration-page.ts";
import { checksTable, preflightPage } from "./reference/preflight-page.ts";
import { alarmsTable } from "./runbook/alarms.ts";
import { endsTable } from "./runbook/ends.ts";
import { errorsTable } from "./runbook/errors.ts";
import { gatesTable, pausedStates } from "./runbook/gates.ts";
import { fillRegions } from "./runbook/regions.ts";

const ROOT = new URL("../", import.meta.url);

type Writer = (before: string) => string;
/** The state machines come first: the runbook reads them. */
const FILES: Readonly<Record<string, Writer>> = {
  "state-machines/migration.asl.json": () => JSON.stringify(migration),
  "state-machines/rollback.asl.json": () => JSON.stringify(rollback),
  "state-machines/undo.asl.json": () => JSON.stringify(undo),
  "core/ledger/migrations.ts": ledgerMigrations,
  "docs/reference/migration.schema.json": () => JSON.stringify(editorSchema()),
  "docs/reference/migration.md": migrationPage,
  "docs/reference/cli.md": cliPage,
  "docs/reference/preflight.md": () => preflightPage(),
  "docs/runbook.md": (before) =>
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
for (const [name, write] of Object.entries(FILES)) {
  const file = new URL(name, ROOT);
  const before = await readFile(file, "utf8").catch(() => "");
  const text = await format(write(before), { filepath: name, printWidth: 120 });
  if (text === before) continue;
  if (check) {
    process.stderr.write(`${name}: is stale. Run "npm run generate" and commit it\n`);
    process.exitCode = 1;
  } else {
    await writeFile(file, text);
    process.stdout.write(`wrote ${name}\n`);
  }
}
