/**
 * Who is on the new path. One migration has one flag with two paths, read and write; the client asks it for each
 * request, and the cutover widens it step by step.
 */

/** Who a path serves from the new shape. Somebody is on it when any of the three says so. */
export interface Exposure {
  /** Share of subjects, 0 to 100; by the bucket of `bucket.ts`, so that raising it never takes anybody off. */
  readonly percent: number;
  readonly tenants: readonly string[];
  readonly regions: readonly string[];
}

export interface FlagState {
  readonly read: Exposure;
  readonly write: Exposure;
}

export const NOBODY: Exposure = { percent: 0, tenants: [], regions: [] };

/** All traffic on the old path: what a rollback deploys, and what a client assumes when it knows nothing. */
export const OLD_PATH: FlagState = { read: NOBODY, write: NOBODY };
