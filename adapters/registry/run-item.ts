import { PHASES } from "../../core/plan/phases.ts";
import type { RunRecord } from "../../core/ports.ts";
import type { Item } from "./registry-table.ts";
import { oneOf, optional, text, texts, unreadable } from "./item.ts";

export const RUN_PREFIX = "run#";

/** Partition key of a run's record. */
export const runKey = (runId: string): string => `${RUN_PREFIX}${runId}`;
/** Partition key of a table's lock: `{ id, runId, purpose }`. It is there exactly while a run has the table locked. */
export const lockKey = (table: string): string => `table#${table}`;
/** Partition key of who is about to start a run: `{ id, startedBy, expiresAt }`. */
export const starterKey = (runId: string): string => `start#${runId}`;

/** The attributes of a run's item are the fields of the record, so that the DynamoDB console reads like the code. */
export function runItem(run: RunRecord): Item & { readonly id: string } {
  const given = Object.entries(run).filter(([, value]) => value !== undefined);
  return { id: runKey(run.runId), ...Object.fromEntries(given) };
}

/** @throws ServiceRefused where the item was edited by hand and is not a run: nothing is guessed about a run. */
export function runRecord(item: Item): RunRecord {
  const optionals = {
    reason: optional(item, "reason", text),
    startedBy: optional(item, "startedBy", text),
    paused: optional(item, "paused", (of, attribute) => texts(of, attribute, ["by", "at", "reason"])),
    lastPause: optional(item, "lastPause", (of, attribute) =>
      texts(of, attribute, ["by", "at", "reason", "resumedBy", "resumedAt"]),
    ),
  };
  const record = {
    runId: text(item, "runId"),
    migration: text(item, "migration"),
    planHash: text(item, "planHash"),
    executionArn: text(item, "executionArn"),
    tables: tables(item),
    phase: oneOf(item, "phase", PHASES),
    startedAt: text(item, "startedAt"),
    updatedAt: text(item, "updatedAt"),
    // A run that an earlier version of Sluice registered has none.
    alarms: optional(item, "alarms", listOfTexts) ?? [],
  };
  return { ...record, ...Object.fromEntries(Object.entries(optionals).filter(([, value]) => value !== undefined)) };
}

/** An earlier version of Sluice registered a run with its one table. */
function tables(item: Item): readonly string[] {
  return optional(item, "table", (of, attribute) => [text(of, attribute)]) ?? listOfTexts(item, "tables");
}

function listOfTexts(item: Item, attribute: string): readonly string[] {
  const value: unknown = item[attribute];
  if (Array.isArray(value) && value.every((name) => typeof name === "string")) return value;
  throw unreadable(item, attribute);
}
