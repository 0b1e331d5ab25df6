import { expect, it } from "vitest";
import type { IndexCatalog } from "../../../../core/catalog/catalog.ts";
import { checkMirroredColumn } from "../../../../core/operations/toolkit/mirrored-column-checks.ts";
import { lines, tableContextOf } from "../contexts.ts";

const rename = { from: "lead_source", to: "acquisition_channel", functions: [] };

it("refuses the name of a system column", () => {
  expect(lines(checkMirroredColumn(tableContextOf(), { ...rename, to: "ctid" }))).toContain(
    'refuse column "crm.contacts.ctid" has the name of a system column. Choose another name for to',
  );
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
  const refusals = (held: readonly IndexCatalog[]): readonly string[] =>
    checkMirroredColumn(tableContextOf({ indexes: held, mayCreateIndexes: false }), rename)
      .filter(({ verdict }) => verdict === "refuse")
      .map(({ check, object }) => `${check} ${object}`);
  expect(refusals([index])).toEqual(['indexes schema "crm"']);
  expect(refusals([])).toEqual([]);
});
