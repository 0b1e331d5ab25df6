import { GATES, type Migration } from "../migration/schema.ts";

/**
 * Every alarm that the migration names, each once, those of `gates.alarms` first. Whichever of them fires between
 * expand and contract, traffic returns; what should only make a gate wait is a metric.
 */
export function rollbackAlarms({ gates }: Pick<Migration, "gates">): readonly string[] {
  return [...new Set([...gates.alarms, ...GATES.flatMap((gate) => gates[gate]?.alarms?.names ?? [])])];
}
