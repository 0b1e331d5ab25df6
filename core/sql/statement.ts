import { identifier } from "./identifier.ts";

/** A value that the RDS Data API can carry. `bigint` travels as text and is cast in the SQL. */
export type ParameterValue = string | number | bigint | boolean | null;

/**
 * One SQL statement with named parameters, as the RDS Data API takes it.
 *
 * `text` names each parameter as `:p1`, `:p2`, ...; the Data API hands strings over as `text`, so every
 * parameter whose type is not `text` is cast in the SQL.
 */
export interface Statement {
  readonly text: string;
  readonly parameters: Readonly<Record<string, ParameterValue>>;
}

/** SQL text that is known to be safe: built by this module, or written in a migration as SQL by intent. */
export class Raw {
  constructor(readonly text: string) {}
}

/** A quoted identifier or a qualified name, as SQL text. */
export const name = (...parts: readonly string[]): Raw => new Raw(parts.map(identifier).join("."));

/** SQL text taken as it is. Only for text that this codebase built or a migration's author wrote as SQL. */
export const raw = (text: string): Raw => new Raw(text);

/** The fragments in order, with `separator` between them. */
export const join = (fragments: readonly Raw[], separator = ", "): Raw =>
  new Raw(fragments.map((fragment) => fragment.text).join(separator));

/**
 * Builds a statement from a template: a {@link Raw} goes in as SQL, every other value becomes a bound parameter.
 *
 * @example
 * sql`SELECT count(*) FROM ${name("crm", "contacts")} WHERE tenant_id = CAST(${7} AS bigint)`
 * // { text: 'SELECT count(*) FROM "crm"."contacts" WHERE tenant_id = CAST(:p1 AS bigint)', parameters: { p1: 7 } }
 */
export function sql(strings: TemplateStringsArray, ...values: readonly (Raw | ParameterValue)[]): Statement {
  const parameters: Record<string, ParameterValue> = {};
  let text = strings[0] ?? "";
  values.forEach((value, index) => {
    if (value instanceof Raw) {
      text += value.text;
    } else {
      const parameter = `p${String(Object.keys(parameters).length + 1)}`;
      parameters[parameter] = value;
      text += `:${parameter}`;
    }
    text += strings[index + 1] ?? "";
  });
  return { text: text.trim(), parameters };
}

/** A template without parameters: every value is a {@link Raw}. */
export function fragment(strings: TemplateStringsArray, ...values: readonly Raw[]): Raw {
  return new Raw(String.raw({ raw: strings.raw }, ...values.map((value) => value.text)));
}
