import { expect, it } from "vitest";
import type { IndexCatalog } from "../../../../core/catalog/catalog.ts";
import { columnType } from "../../../../core/preflight/checks/rename-column/column-type.ts";
import { indexes } from "../../../../core/preflight/checks/rename-column/indexes.ts";
import { targetAbsent } from "../../../../core/preflight/checks/rename-column/target-absent.ts";
import { columnContextOf, lines, tableOf } from "../contexts.ts";

it("refuses the name of a system column", () => {
  expect(lines(targetAbsent(columnContextOf({}, { target: "ctid" })))).toEqual([
    'refuse column "crm.contacts.ctid" has the name of a system column. Choose another name in operation.rename_column.to',
  ]);
});

it("refuses a pseudo-type", () => {
  expect(lines(columnType(columnContextOf({ type: "anyarray", typeKind: "pseudo" })))).toEqual([
    'refuse column "crm.contacts.lead_source" has pseudo-type anyarray, of which no column can be added. Change its type first',
  ]);
});

it("refuses an index that the role may not build again, only where there is one", () => {
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
  const judge = (held: readonly IndexCatalog[]): readonly string[] =>
    lines(indexes(columnContextOf({}, { table: tableOf({ indexes: held, mayCreateIndexes: false }) })));
  expect(judge([index])).toEqual([
    'refuse index "crm.i" cannot be built again: role "sluice" may not create in schema "crm". GRANT CREATE ON SCHEMA "crm" TO the role "sluice"',
  ]);
  expect(judge([])).toEqual(['ok column "crm.contacts.lead_source" is in no index.']);
});
