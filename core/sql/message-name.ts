/**
 * A name for a message: its parts as they are in the catalog, joined by dots; a part that holds a dot or a quote in
 * quotes, without which it could not be told from two parts. Not for SQL: see `identifier.ts`.
 */
export function qualifiedName(...parts: readonly string[]): string {
  return parts.map((part) => (needsQuotes(part) ? sqlQuoted(part) : part)).join(".");
}

/** The same, marked off from the words around it by quotes: `"crm.Contacts"`, `crm."contacts.old"`; never quoted twice. */
export function messageName(...parts: readonly string[]): string {
  const name = qualifiedName(...parts);
  return parts.some(needsQuotes) ? name : `"${name}"`;
}

/**
 * For what PostgreSQL itself names, and quotes where SQL would have to: `crm."Contacts"` is `"crm.Contacts"`. A text
 * that is more than a name (`"P" on crm."Contacts"`, `crm."F"(integer)`) keeps the quotes that it has and gets no others.
 */
export function messageNameOfSql(text: string): string {
  const parts = nameParts(text);
  if (parts !== undefined) return messageName(...parts);
  return text.includes('"') ? text : `"${text}"`;
}

function needsQuotes(part: string): boolean {
  return part.includes(".") || part.includes('"');
}

function sqlQuoted(part: string): string {
  return `"${part.replaceAll('"', '""')}"`;
}

/** Identifiers in SQL, joined by dots; undefined for any other text. */
function nameParts(text: string): readonly string[] | undefined {
  const part = String.raw`(?:"(?:[^"]|"")+"|[^".\s()]+)`;
  if (!new RegExp(`^${part}(?:\\.${part})*$`, "u").test(text)) return undefined;
  return (text.match(new RegExp(part, "gu")) ?? []).map((found) =>
    found.startsWith('"') ? found.slice(1, -1).replaceAll('""', '"') : found,
  );
}
