import { ServiceRefused } from "../../core/errors.ts";
import { PHASES, type Phase } from "../../core/plan/phases.ts";
import type { RunRecord } from "../../core/ports.ts";

/** An item of the control table as the document client reads it. */
export type Item = Readonly<Record<string, unknown>>;

export const RUN_PREFIX = "run#";

/** Partition key of a run's record. */
export const runKey = (runId: string): string => `${RUN_PREFIX}${runId}`;
/** Partition key of a table's holder: `{ id, runId }`. It is there exactly while a run holds the table. */
export const tableKey = (table: string): string => `table#${table}`;

/** The attributes of a run's item are the fields of the record, so that the DynamoDB console reads like the code. */
export function runItem(run: RunRecord): Item {
  const { runId, migration, planHash, executionArn, table, phase, startedAt, updatedAt, reason } = run;
  const item = { id: runKey(runId), runId, migration, planHash, executionArn, table, phase, startedAt, updatedAt };
  return reason === undefined ? item : { ...item, reason };
}

/** @throws ServiceRefused where somebody wrote an item that is not a run: nothing is guessed about a run. */
export function runRecord(item: Item): RunRecord {
  const record = {
    runId: text(item, "runId"),
    migration: text(item, "migration"),
    planHash: text(item, "planHash"),
    executionArn: text(item, "executionArn"),
    table: text(item, "table"),
    phase: phase(item),
    startedAt: text(item, "startedAt"),
    updatedAt: text(item, "updatedAt"),
  };
  return item["reason"] === undefined ? record : { ...record, reason: text(item, "reason") };
}

function text(item: Item, attribute: string): string {
  const value = item[attribute];
  if (typeof value === "string") return value;
  throw unreadable(item, attribute);
}

function phase(item: Item): Phase {
  const found = PHASES.find((candidate) => candidate === item["phase"]);
  if (found === undefined) throw unreadable(item, "phase");
  return found;
}

function unreadable(item: Item, attribute: string): ServiceRefused {
  return new ServiceRefused({
    object: `item "${String(item["id"])}" of the control table`,
    problem: `attribute "${attribute}" is ${attribute in item ? JSON.stringify(item[attribute]) : "missing"}`,
    remedy: "Restore the table to a point before it was edited, or correct the item",
  });
}
