import { alarms } from "./alarms.ts";
import { approval } from "./approval.ts";
import type { ConditionDefinition } from "./condition.ts";
import { divergence } from "./divergence.ts";
import { metrics } from "./metrics.ts";
import { sql } from "./sql.ts";

/**
 * Every kind of condition that a gate may have, in the order in which a gate reads and shows them. A kind is added by
 * its file and one line here.
 */
export const CONDITIONS = [
  alarms,
  metrics,
  sql,
  divergence,
  approval,
] as const satisfies readonly ConditionDefinition[];

type Registered = (typeof CONDITIONS)[number];

/** The conditions of a gate in the migration file, by their keys. */
export type ConditionSchemas = {
  readonly [Definition in Registered as Definition["key"]]: Definition["schema"];
};
