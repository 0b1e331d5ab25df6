import { literal } from "../../core/sql/identifier.ts";

/** What sales meant to enter. */
export const CHANNELS = [
  "Web",
  "Referral",
  "Trade Show",
  "Cold Call",
  "Partner",
  "LinkedIn",
  "Google Ads",
  "Webinar",
  "Newsletter",
] as const;

/** What years of imports, forms and integrations left instead: each of these has broken somebody's migration. */
const ODD = [
  "",
  " ",
  "   ",
  "\t",
  "\u00a0",
  "NULL",
  "null",
  "N/A",
  "-",
  "0",
  "web ",
  " Web",
  "WEB",
  "wEb",
  "Web\n",
  "Web\r\nReferral",
  "Referral  ",
  "TRADE SHOW",
  "trade  show",
  "O'Brien's list",
  'say "hi"',
  "C:\\leads\\2019",
  "100%_sure",
  "; DROP TABLE contacts; --",
  "$1",
  ":p1",
  "Empfehlung – Müller & Söhne",
  "Café",
  "Cafe\u0301",
  "İstanbul fuarı",
  "straße",
  "紹介",
  "Реклама",
  "إعلان",
  "\u202eabc",
  "zero\u200bwidth",
  "🚀 launch",
  "👩‍👩‍👧‍👦 family plan",
  "🇧🇷",
] as const;

/** 9,600 characters: more than a B-tree entry may hold (2,704 bytes) until PostgreSQL has compressed it. */
const LONG_VALUE_REPEATS = 300;

/** A number in [0, 1) from the id, the same on every machine; `salt` tells the uses apart. */
export function uniform(id: string, salt: number): string {
  return `((hashint8extended(${id}, ${String(salt)}) & 9007199254740991) / 9007199254740992.0::float8)`;
}

/** SQL for one of the values, each as likely, by the id. */
export function pick(values: readonly string[], id: string, salt: number): string {
  return `(ARRAY[${values.map(literal).join(",")}])[1 + floor(${uniform(id, salt)} * ${String(values.length)})::int]`;
}

/**
 * SQL for the lead source of the seeded contact `id`. Since it follows from the id alone, any row that the application
 * never touched can be checked against it at the end.
 */
export function seededLeadSource(id: string): string {
  const kind = uniform(id, 11);
  const channel = pick(CHANNELS, id, 12);
  return `CASE
    WHEN ${kind} < 0.18 THEN NULL
    WHEN ${kind} < 0.68 THEN ${channel}
    WHEN ${kind} < 0.74 THEN lower(${channel})
    WHEN ${kind} < 0.78 THEN upper(${channel})
    WHEN ${kind} < 0.82 THEN ${channel} || ' '
    WHEN ${kind} < 0.86 THEN 'utm_source=' || lower(${channel}) || '&utm_id=' || ${id}
    WHEN ${kind} < 0.862 THEN 'imported: ' || repeat(md5(${id}::text), ${String(LONG_VALUE_REPEATS)})
    ELSE ${pick(ODD, id, 13)}
  END`;
}
