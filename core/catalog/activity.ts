/** What goes on in the database at one moment. It is no part of the catalog's snapshot: a minute later it is untrue. */

export interface OpenTransactions {
  /** The one that has been open for the longest, where any is; ours is left out. */
  readonly oldest?: OpenTransaction | undefined;
  /** Sessions of other roles, whose transactions our role may not see. */
  readonly hidden: number;
}

export interface OpenTransaction {
  /** `session 4711 of role "app" (application "nightly-export")`, or a prepared transaction by its name. */
  readonly owner: string;
  /** `active`, `idle in transaction`, `prepared`. */
  readonly state: string;
  /** Since it began. */
  readonly seconds: number;
}

/** A replication slot without a reader: the server keeps every byte of WAL that it has not confirmed. */
export interface InactiveSlot {
  readonly name: string;
  /** WAL that it holds now, in bytes. */
  readonly bytes: number;
}
