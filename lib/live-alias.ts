/** Alias of the newest version of each state machine. */
export const LIVE_ALIAS = "live";
