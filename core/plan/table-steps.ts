import type { OperationPlan } from "../operations/operation.ts";
import { transactional, type LockLimits } from "../operations/toolkit/ddl-step.ts";
import {
  dropSyncFunctions,
  dropSyncTriggers,
  syncFunctions,
  syncIntact,
  syncTriggers,
  type TablePairs,
} from "../operations/toolkit/sync-triggers.ts";
import type { DdlStep, Precondition } from "./plan.ts";

type Parts = readonly OperationPlan[];

/** What the operations add, in their order, and then the triggers that keep all of their pairs in sync. */
export function expandSteps(parts: Parts, limits: LockLimits): readonly DdlStep[] {
  const added = parts.flatMap(({ expand }) => expand);
  const synced = tablePairs(parts);
  if (!synced) return added;
  return [
    ...added,
    transactional({
      id: "expand-sync-functions",
      title: "Create the sync functions",
      statements: syncFunctions(synced),
      lock: "none",
      limits,
    }),
    transactional({
      id: "expand-sync-triggers",
      title: `Keep ${synced.pairs.map(({ column, to }) => `${column.name} and ${to}`).join(", ")} equal from here on`,
      statements: syncTriggers(synced),
      lock: "SHARE ROW EXCLUSIVE",
      limits,
    }),
  ];
}

/**
 * One transaction for all operations of the table: between the drop of the triggers and the last change, a write would
 * reach one side only.
 */
export function contractSteps(parts: Parts, limits: LockLimits): readonly DdlStep[] {
  const statements = parts.flatMap(({ contract }) => contract).map(({ text }) => text);
  const synced = tablePairs(parts);
  if (statements.length === 0) return [];
  return [
    transactional({
      id: "contract",
      title: `${parts.map(({ summary }) => summary).join("; ")}: take the new shape, and drop the sync triggers, together`,
      statements: synced ? [...dropSyncTriggers(synced), ...statements, ...dropSyncFunctions(synced)] : statements,
      lock: "ACCESS EXCLUSIVE",
      limits,
      ...(synced && { requires: contractRequires(parts, synced) }),
    }),
  ];
}

/** That the sync triggers are as expand made them, and what each operation asks for besides. */
function contractRequires(parts: Parts, synced: TablePairs): Precondition {
  const intact = syncIntact(synced);
  const queries = [intact.query, ...parts.flatMap((part) => part.contractRequires).map(({ text }) => text)];
  return { ...intact, query: queries.map((query) => `SELECT problem FROM (${query}) AS q`).join("\nUNION ALL\n") };
}

/** The opposite of expand, in one transaction for the same reason. */
export function undoSteps(parts: Parts, limits: LockLimits): readonly DdlStep[] {
  const statements = parts.flatMap(({ undo }) => undo).map(({ text }) => text);
  const synced = tablePairs(parts);
  if (statements.length === 0) return [];
  return [
    transactional({
      id: "undo",
      title: "Drop what expand added, and the sync triggers, together",
      statements: synced
        ? [...dropSyncTriggers(synced, true), ...statements, ...dropSyncFunctions(synced)]
        : statements,
      lock: "ACCESS EXCLUSIVE",
      limits,
    }),
  ];
}

function tablePairs(parts: Parts): TablePairs | undefined {
  const pairs = parts.flatMap((part) => part.pairs);
  const [first] = pairs;
  return first && { table: first.table, pairs };
}
