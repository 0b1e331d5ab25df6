import { KINDS } from "./conditions/kinds.ts";
import { GATES } from "./gate-names.ts";
import type { Gates } from "./schema.ts";

/**
 * Every alarm that the migration names, each once, those of `gates.alarms` first. Whichever of them fires between
 * expand and contract, traffic returns; what should only make a gate wait is a metric.
 */
export function rollbackAlarms({ gates }: { readonly gates: Gates }): readonly string[] {
  return [...new Set([...gates.alarms, ...GATES.flatMap((gate) => alarmsOf(gates[gate] ?? {}))])];
}

function alarmsOf(declared: Readonly<Record<string, unknown>>): readonly string[] {
  return KINDS.flatMap((kind) => {
    const written = declared[kind.key];
    return written === undefined ? [] : (kind.rollbackAlarms?.(written) ?? []);
  });
}
