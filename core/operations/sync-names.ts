/**
 * Begins the name of every sync trigger. PostgreSQL fires the triggers of one kind in the order of their names'
 * bytes: `~` is the last character of ASCII, so ours see the row as the table's own triggers left it.
 */
export const SYNC_TRIGGER_PREFIX = "~sluice_";
