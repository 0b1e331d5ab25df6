import { expect, it } from "vitest";
import type { IndexCatalog } from "../../../../core/catalog/catalog.ts";
import { runPreflight } from "../../../../core/preflight/run-preflight.ts";
import { catalogOf, contextOf, migrationOf, tableOf } from "../contexts.ts";

const refusals = (context: Parameters<typeof contextOf>[0]): readonly string[] =>
  runPreflight(contextOf(context))
    .filter(({ severity }) => severity === "refuse")
    .map(({ check, object }) => `${check} ${object}`);

it("refuses the name of a system column", () => {
  const rename_column = { table: "crm.contacts", from: "lead_source", to: "ctid" };
  const migration = migrationOf({ operations: [{ rename_column }] });
  expect(refusals({ migration })).toEqual(['target-absent column "crm.contacts.ctid"']);
});

it("refuses a role that may not build the mirror's indexes, only where there is one", () => {
  const index: IndexCatalog = {
    schema: "crm",
    name: "i",
    definition: "CREATE INDEX i ON crm.contacts USING btree (lead_source)",
    method: "btree",
    unique: false,
    primary: false,
    valid: true,
    nullsNotDistinct: false,
    options: [],
    keys: [{ column: "lead_source", expressionColumns: [], descending: false, nullsFirst: false }],
    include: [],
  };
  const catalog = (indexes: readonly IndexCatalog[]): ReturnType<typeof catalogOf> =>
    catalogOf({ table: tableOf({ indexes, mayCreateIndexes: false }) });
  expect(refusals({ catalog: catalog([index]) })).toEqual(['indexes schema "crm"']);
  expect(refusals({ catalog: catalog([]) })).toEqual([]);
});
