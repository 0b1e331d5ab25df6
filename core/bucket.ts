import { createHash } from "node:crypto";

/** How many buckets there are: a share can be given to a hundredth of a percent. */
export const BUCKETS = 10_000;

/**
 * The bucket of a subject (a user, an account, a session) in one migration: 0 to 9,999, the first four bytes of the
 * SHA-256 of `migration:subject` in UTF-8 as an unsigned big-endian number, modulo 10,000. The migration is in it, so
 * that it is not the same subjects that go first every time. The bias of the modulo is 10,000 / 2^32, 0.0002 %.
 *
 * AppConfig's own `split` uses a hash that AWS does not publish. This one is the same in SQL (PostgreSQL 11 and
 * later):
 *
 * @example
 * ('x' || encode(substr(sha256(convert_to('contact-channel:' || subject, 'UTF8')), 1, 4), 'hex'))::bit(32)::bigint
 *   % 10000
 */
export function bucketOf(migration: string, subject: string): number {
  return createHash("sha256").update(`${migration}:${subject}`).digest().readUInt32BE(0) % BUCKETS;
}

/** Whether a bucket is in a share of `percent`, 0 to 100. A larger share holds every bucket of a smaller one. */
export function inShare(bucket: number, percent: number): boolean {
  return bucket * 100 < percent * BUCKETS;
}
