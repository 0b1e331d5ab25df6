import { canonicalHash } from "../plan/canonical.ts";
import type { Migration } from "./schema.ts";

/**
 * SHA-256, hex, of the migration as parsed: layout, comments, and defaults that are written out change nothing.
 */
export function migrationHash(migration: Migration): string {
  return canonicalHash(migration);
}
