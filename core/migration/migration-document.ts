/** The text of a migration file as YAML (JSON is YAML), and where in it each value stands. */
import {
  type Document,
  isAlias,
  isCollection,
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseAllDocuments,
  visit,
} from "yaml";

/** A problem, and the line where it is, from 1. */
export interface TextProblem {
  readonly line: number;
  readonly problem: string;
}

export interface MigrationDocument {
  readonly problems: readonly TextProblem[];
  /** Plain data; undefined where the text could not be read. */
  readonly value: unknown;
  /** The line of the value at a path, of the key where `key`; of the nearest enclosing value where it is absent. */
  lineOf(path: readonly PropertyKey[], at?: "key"): number;
}

/** Reads the text; never throws. Anchors and merge keys are resolved; tags that YAML does not know are problems. */
export function readDocument(text: string): MigrationDocument {
  const lines = new LineCounter();
  const parsed = parseAllDocuments(text, { lineCounter: lines, prettyErrors: false, merge: true, logLevel: "error" });
  const documents: readonly Document[] = Array.isArray(parsed) ? parsed : [];
  const [document] = documents;
  const problems = problemsOf(documents, text).map(({ offset, problem }) => ({
    line: lines.linePos(offset).line,
    problem,
  }));
  const read = plain(document);
  if (read.problem !== undefined && problems.length === 0) problems.push({ line: 1, problem: read.problem });
  return {
    problems,
    value: read.value,
    lineOf: (path, at) => (document === undefined ? 1 : lineOf({ document, lines, path, key: at === "key" })),
  };
}

interface OffsetProblem {
  readonly offset: number;
  readonly problem: string;
}

function problemsOf(documents: readonly Document[], text: string): readonly OffsetProblem[] {
  const errors = documents.flatMap((each) => [...each.errors, ...each.warnings]);
  // After the first error of syntax the parser guesses: what it says of the rest is noise.
  const syntax = errors.find(({ code }) => code !== "DUPLICATE_KEY" && code !== "TAG_RESOLVE_FAILED");
  if (syntax !== undefined) return [{ offset: syntax.pos[0], problem: inWords(syntax.message) }];
  const [, second] = documents;
  return [
    ...errors.map(({ code, message, pos: [offset] }) => {
      const twice = `${keyAt(text, offset)}: this key is there twice; keep one`;
      return { offset, problem: code === "DUPLICATE_KEY" ? twice : inWords(message) };
    }),
    ...(second === undefined
      ? []
      : [{ offset: second.range?.[0] ?? 0, problem: "a second document begins; write one migration a file" }]),
    ...documents.flatMap(notPlain),
  ];
}

/** What YAML can say and plain data cannot hold; the parser itself would name no line. */
function notPlain(document: Document): readonly OffsetProblem[] {
  const found: OffsetProblem[] = [];
  visit(document, {
    Pair: (_, { key }) => {
      if (!isCollection(key)) return undefined;
      found.push({ offset: startOf(key) ?? 0, problem: "a key must be a text, not a list or a mapping" });
      return visit.SKIP;
    },
    Alias: (_, alias) => {
      if (alias.resolve(document) !== undefined) return;
      found.push({ offset: startOf(alias) ?? 0, problem: `no anchor "${alias.source}" before this alias` });
    },
  });
  return found;
}

function plain(document: Document | undefined): { readonly value?: unknown; readonly problem?: string } {
  if (document === undefined || document.contents === null) return { problem: "the file is empty" };
  try {
    return { value: document.toJS() };
  } catch (error) {
    return { problem: error instanceof Error ? inWords(error.message) : "the aliases cannot be resolved" };
  }
}

/** The YAML parser's sentence without its capital and full stop, so that it reads on after a colon. */
function inWords(message: string): string {
  const [sentence = message] = message.split("\n");
  return sentence.charAt(0).toLowerCase() + sentence.slice(1).replace(/\.$/, "");
}

const keyAt = (text: string, offset: number): string => /^["']?([^"':,{}\s]+)/.exec(text.slice(offset))?.[1] ?? "";

interface Place {
  readonly document: Document;
  readonly lines: LineCounter;
  readonly path: readonly PropertyKey[];
  readonly key: boolean;
}

function lineOf({ document, lines, path, key }: Place): number {
  let node: unknown = document.contents;
  let offset = startOf(node) ?? 0;
  for (const [index, step] of path.entries()) {
    const next = child(resolved(node, document), step);
    if (next === undefined) break;
    offset = startOf(key && index === path.length - 1 ? next.key : next.value) ?? offset;
    node = next.value;
  }
  return lines.linePos(offset).line;
}

function child(node: unknown, step: PropertyKey): { readonly key: unknown; readonly value: unknown } | undefined {
  if (isSeq(node) && typeof step === "number") return { key: node.items[step], value: node.items[step] };
  if (!isMap(node)) return undefined;
  const pair = node.items.find((item) => isPair(item) && keyText(item.key) === step);
  return pair === undefined ? undefined : { key: pair.key, value: pair.value ?? pair.key };
}

const keyText = (key: unknown): string => String(isScalar(key) ? key.value : key);
const resolved = (node: unknown, document: Document): unknown => (isAlias(node) ? node.resolve(document) : node);
const startOf = (node: unknown): number | undefined => (isNode(node) ? (node as Node).range?.[0] : undefined);
