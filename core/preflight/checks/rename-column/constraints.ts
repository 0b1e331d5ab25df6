import { messageName, messageNameOfSql } from "../../../sql/message-name.ts";
import type { ConstraintCatalog } from "../../../catalog/catalog.ts";
import type { CheckResult, ColumnContext } from "../../check.ts";
import { findings, orOk } from "../../finding.ts";
import { sourceObject } from "../../object-names.ts";

const { ok, refuse } = findings("constraints");

/** A constraint over the old column goes with it; none is carried over yet. */
export function constraints(context: ColumnContext): readonly CheckResult[] {
  const { table, source } = context;
  const problems = table.constraints
    // NOT NULL is a constraint since PostgreSQL 18, and a check of its own here.
    .filter(({ kind, columns }) => kind !== "not null" && columns.includes(source.name))
    .map((constraint) => problem(constraint, source.name));
  return orOk(problems, ok(sourceObject(context), "takes part in no constraint"));
}

function problem(constraint: ConstraintCatalog, column: string): CheckResult {
  const { name, kind, referencedBy, partition } = constraint;
  const where = partition === undefined ? "" : ` of partition ${messageNameOfSql(partition)}`;
  return refuse({
    object: `constraint ${messageName(name)}`,
    message:
      referencedBy === undefined
        ? `is ${kind === "exclusion" ? "an" : "a"} ${kind} constraint${where} over column ${messageName(column)}, which this version does not carry over`
        : `is a foreign key of ${messageNameOfSql(referencedBy)} that refers to column ${messageName(column)}${where}`,
    remedy: "Drop it first, and add it to the new column after the run (NOT VALID, then VALIDATE CONSTRAINT)",
  });
}
