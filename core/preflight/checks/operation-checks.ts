import { OPERATIONS } from "../../operations/registry.ts";
import type { TableCheck } from "../check.ts";

/** The checks of every operation, in the order of their registry: each runs once for each use in the migration. */
export const OPERATION_CHECKS: readonly TableCheck[] = OPERATIONS.flatMap((operation) =>
  operation.checks.map((each) => ({
    ...each,
    subject: "table",
    area: operation.name,
    check: (context) =>
      context.migration.operations
        .map((entry) => entry[operation.name])
        .filter((spec) => spec !== undefined)
        .flatMap((spec) => each.check({ ...context, spec })),
  })),
);
