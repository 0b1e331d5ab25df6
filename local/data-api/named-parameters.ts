import type { PositionOf } from "./database-exception.ts";

/** A statement whose `:name` became PostgreSQL's `$1`, `$2`, ... */
export interface PositionalStatement {
  readonly text: string;
  /** The name behind `$1`, `$2`, ...; each name once. */
  readonly names: readonly string[];
  readonly positionOf: PositionOf;
}

interface Replacement {
  /** Offsets in UTF-16 units. */
  readonly original: number;
  readonly rewritten: number;
}

/**
 * What is no parameter although a colon may be in it, by PostgreSQL's lexical rules
 * (https://www.postgresql.org/docs/17/sql-syntax-lexical.html). Order matters: an `E` before a quote is part of the
 * constant, and a `$` within a word starts no dollar quote. What is not closed goes on to the end.
 */
const OPAQUE = [
  /[eE]'[^'\\]*(?:(?:\\[\s\S]|'')[^'\\]*)*'?/y,
  /'[^']*(?:''[^']*)*'?/y,
  /"[^"]*(?:""[^"]*)*"?/y,
  /--[^\n\r]*/y,
  /[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*/y,
  /\d[\w.]*/y,
  /::|:=/y,
] as const;

const PARAMETER = /:([A-Za-z_]\w*)/y;
const DOLLAR_TAG = /\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$/y;

/** Rewrites named parameters to positional ones, leaving quotes, comments, casts and `:=` as they are. */
export function positionalStatement(sql: string): PositionalStatement {
  const names: string[] = [];
  const replacements: Replacement[] = [];
  let text = "";
  let at = 0;
  while (at < sql.length) {
    const parameter = matchAt(PARAMETER, sql, at);
    const name = parameter?.[1];
    if (parameter !== undefined && name !== undefined) {
      if (!names.includes(name)) names.push(name);
      replacements.push({ original: at, rewritten: text.length });
      text += `$${String(names.indexOf(name) + 1)}`;
      at += parameter[0].length;
      replacements.push({ original: at, rewritten: text.length });
    } else {
      const end = opaqueEnd(sql, at);
      text += sql.slice(at, end);
      at = end;
    }
  }
  return { text, names, positionOf: (position) => originalPosition({ text, sql, replacements }, position) };
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text) ?? undefined;
}

/** The end of what begins at `at` and holds no parameter: at least one character. */
function opaqueEnd(sql: string, at: number): number {
  if (sql.startsWith("/*", at)) return commentEnd(sql, at);
  const tag = matchAt(DOLLAR_TAG, sql, at)?.[0];
  if (tag !== undefined) {
    const close = sql.indexOf(tag, at + tag.length);
    return close === -1 ? sql.length : close + tag.length;
  }
  for (const pattern of OPAQUE) {
    const match = matchAt(pattern, sql, at);
    if (match !== undefined) return at + match[0].length;
  }
  return at + 1;
}

/** Block comments nest in PostgreSQL. */
function commentEnd(sql: string, start: number): number {
  const marks = /\/\*|\*\//g;
  marks.lastIndex = start;
  let depth = 0;
  for (let mark = marks.exec(sql); mark !== null; mark = marks.exec(sql)) {
    depth += mark[0] === "/*" ? 1 : -1;
    if (depth === 0) return marks.lastIndex;
  }
  return sql.length;
}

function originalPosition(
  statement: { readonly text: string; readonly sql: string; readonly replacements: readonly Replacement[] },
  position: number,
): number {
  // PostgreSQL counts characters from 1, JavaScript UTF-16 units from 0.
  const rewritten = [...statement.text].slice(0, position - 1).join("").length;
  const last = statement.replacements.findLast((replacement) => replacement.rewritten <= rewritten);
  const original = last === undefined ? rewritten : last.original + rewritten - last.rewritten;
  return [...statement.sql.slice(0, original)].length + 1;
}
