import { literal } from "../../sql/identifier.ts";
import { join, raw, type Raw } from "../../sql/statement.ts";

/**
 * PostgreSQL fires the BEFORE ROW triggers of one kind in the order of their names' bytes. `!` is the first printing
 * character of ASCII but the space, `~` the last: the first two see the row as the statement wrote it, the last two as
 * the table's own triggers left it.
 */
export const FIRST_PREFIX = "!sluice_";
export const LAST_PREFIX = "~sluice_";

export const SYNC_TRIGGERS = {
  insertFirst: `${FIRST_PREFIX}insert`,
  updateFirst: `${FIRST_PREFIX}update`,
  insertLast: `${LAST_PREFIX}insert`,
  updateLast: `${LAST_PREFIX}update`,
} as const;

export function isSyncTrigger(name: string): boolean {
  return name.startsWith(FIRST_PREFIX) || name.startsWith(LAST_PREFIX);
}

/** SQL that is true of a sync trigger's name; null where the name is. */
export function isSyncTriggerSql(name: Raw): Raw {
  const prefixes = [FIRST_PREFIX, LAST_PREFIX].map((prefix) => raw(`starts_with(${name.text}, ${literal(prefix)})`));
  return raw(`(${join(prefixes, " OR ").text})`);
}
