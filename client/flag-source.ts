/** Where a {@link FlagClient} gets the flag's configuration from. */
export interface FlagSource {
  /**
   * The configuration as AppConfig serves it, JSON text; undefined where it has not changed since the last call, or
   * where nothing was deployed yet. Rejects where nobody can be asked; the next call then tries anew.
   */
  poll(): Promise<string | undefined>;
}

/** The names, or ids, under which AppConfig has the flag. Sluice names environment and profile as the migration. */
export interface FlagLocation {
  readonly application: string;
  readonly environment: string;
  readonly profile: string;
}

/** A poll that takes longer has failed: a request that hangs must not keep a rollback from the application. */
export const POLL_TIMEOUT_MS = 10_000;
