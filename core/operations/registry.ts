import type { Operation } from "./operation.ts";
import { renameColumn } from "./rename-column.ts";

/** Every operation, one line each: the migration file, the planner, pre-flight and the reference derive from it. */
export const OPERATIONS: readonly Operation[] = [renameColumn];
