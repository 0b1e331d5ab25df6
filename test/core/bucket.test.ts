import fc from "fast-check";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { bucketOf, BUCKETS, inShare } from "../../core/bucket.ts";
import "../support/global-setup.ts";

/** The expression of the docstring. */
const BUCKET_SQL = `
  SELECT subject, (
    ('x' || encode(substr(sha256(convert_to($1 || ':' || subject, 'UTF8')), 1, 4), 'hex'))::bit(32)::bigint % 10000
  )::int AS bucket
  FROM unnest($2::text[]) AS subject`;

describe("the bucket of a subject", () => {
  it("never changes: subjects would move between the paths", () => {
    expect(bucketOf("contact-channel", "42")).toBe(3_964);
    expect(bucketOf("contact-channel", "")).toBe(7_382);
    expect(bucketOf("contact-channel", "Ünïcode 🚰")).toBe(1_644);
  });

  it("differs from migration to migration, so that it is not the same people who go first", () => {
    const subjects = Array.from({ length: 1_000 }, (_, index) => String(index));
    const first = (migration: string) => subjects.filter((subject) => inShare(bucketOf(migration, subject), 10));
    const both = first("one").filter((subject) => first("two").includes(subject));
    expect(both.length).toBeGreaterThan(0);
    expect(both.length).toBeLessThan(40);
  });

  it("spreads subjects evenly", () => {
    const tenths = new Array<number>(10).fill(0);
    for (let subject = 0; subject < 50_000; subject++) {
      const tenth = Math.floor((bucketOf("contact-channel", String(subject)) * 10) / BUCKETS);
      tenths[tenth] = (tenths[tenth] ?? 0) + 1;
    }
    // 5,000 each, standard deviation 67.
    for (const size of tenths) expect(Math.abs(size - 5_000)).toBeLessThan(400);
  });

  it("is in every larger share once it is in one", () => {
    const percent = fc.double({ min: 0, max: 100, noNaN: true });
    fc.assert(
      fc.property(fc.nat(BUCKETS - 1), percent, percent, (bucket, a, b) => {
        const [small, large] = a < b ? [a, b] : [b, a];
        return !inShare(bucket, small) || inShare(bucket, large);
      }),
    );
  });

  it("is in no share of 0 and in any share of 100", () => {
    for (const bucket of [0, 1, BUCKETS - 1]) {
      expect(inShare(bucket, 0)).toBe(false);
      expect(inShare(bucket, 100)).toBe(true);
    }
    const members = Array.from({ length: BUCKETS }, (_, bucket) => bucket).filter((bucket) => inShare(bucket, 12.34));
    expect(members).toHaveLength(1_234);
  });
});

describe("the bucket in SQL", () => {
  const client = new pg.Client({ connectionString: inject("postgres") });
  beforeAll(() => client.connect());
  afterAll(() => client.end());

  it("is the same as in the client, for any text", async () => {
    // PostgreSQL has no NUL in a text.
    const subject = fc.string({ unit: "grapheme" }).filter((text) => !text.includes("\0"));
    const subjects = ["", "42", "Ünïcode 🚰", ...fc.sample(subject, 500)];
    const { rows } = await client.query<{ subject: string; bucket: number }>(BUCKET_SQL, ["contact-channel", subjects]);
    expect(rows).toHaveLength(subjects.length);
    for (const row of rows) expect(row.bucket).toBe(bucketOf("contact-channel", row.subject));
  });
});
