import { OPERATIONS } from "../../operations/registry.ts";
import type { CheckArea, CheckDefinition } from "../check.ts";
import { GATE_CHECKS } from "./gates/gate-checks.ts";
import { OPERATION_CHECKS } from "./operation-checks.ts";
import { consumersDeclared } from "./run/consumers-declared.ts";
import { coolingPeriod } from "./run/cooling-period.ts";
import { executionLife } from "./run/execution-life.ts";
import { flagExists } from "./run/flag-exists.ts";
import { pausePlan } from "./run/pause-plan.ts";
import { runName } from "./run/run-name.ts";
import { soakLength } from "./run/soak-length.ts";
import { tableFree } from "./run/table-free.ts";
import { validationSegments } from "./run/validation-segments.ts";
import { longTransactions } from "./server/long-transactions.ts";
import { replicationSlots } from "./server/replication-slots.ts";
import { serverVersion } from "./server/server-version.ts";
import { sessionTimeouts } from "./server/session-timeouts.ts";
import { backfillPace } from "./table/backfill-pace.ts";
import { foreignPartitions } from "./table/foreign-partitions.ts";
import { inheritance } from "./table/inheritance.ts";
import { privileges } from "./table/privileges.ts";
import { relationKind } from "./table/relation-kind.ts";
import { rowSecurity } from "./table/row-security.ts";
import { syncLeftovers } from "./table/sync-leftovers.ts";
import { tableSize } from "./table/table-size.ts";
import { triggerOrder } from "./table/trigger-order.ts";
import { validationShards } from "./table/validation-shards.ts";

/**
 * Every preflight check, in the order in which the checks of an area run and are shown. A check is added by its file
 * and one line here.
 */
export const CHECKS: readonly CheckDefinition[] = [
  runName,
  flagExists,
  tableFree,
  executionLife,
  soakLength,
  coolingPeriod,
  consumersDeclared,
  validationSegments,
  pausePlan,
  serverVersion,
  sessionTimeouts,
  longTransactions,
  replicationSlots,
  relationKind,
  tableSize,
  privileges,
  rowSecurity,
  inheritance,
  foreignPartitions,
  syncLeftovers,
  triggerOrder,
  validationShards,
  backfillPace,
  ...OPERATION_CHECKS,
  ...GATE_CHECKS,
];

/** In the order in which the results and the reference show them. */
export const CHECK_AREAS: readonly CheckArea[] = [
  "run",
  "server",
  "table",
  ...OPERATIONS.map(({ name }) => name),
  "gates",
];
