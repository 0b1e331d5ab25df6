import type { z } from "zod";
import { MigrationInvalid } from "../errors.ts";
import { allowedBy, keysOf, schemaAt } from "./json-schema.ts";
import { type MigrationDocument, readDocument } from "./migration-document.ts";
import { nearestName } from "./nearest-name.ts";
import { type Migration, migrationSchema } from "./schema.ts";
import { findUnimplemented } from "./unimplemented.ts";

type Path = readonly PropertyKey[];

interface Problem {
  readonly line: number;
  readonly text: string;
}

/**
 * Parses a migration file, YAML or JSON.
 *
 * @param file names the file in messages; nothing is read from it.
 * @throws MigrationInvalid with every problem at once, one a line: file and line, path, the value given, what is
 * allowed.
 * @example
 * parseMigration(await readFile(file, "utf8"), file).operations
 */
export function parseMigration(text: string, file: string): Migration {
  const document = readDocument(text);
  if (document.problems.length > 0) {
    throw invalid(
      file,
      document.problems.map(({ line, problem }) => ({ line, text: problem })),
    );
  }
  // An empty message marks what the schema says nothing of by itself; `describe` puts it in words.
  const result = migrationSchema.safeParse(document.value, { error: () => "" });
  const refused = unimplemented(document);
  if (result.success && refused.length === 0) {
    // Where an editor finds the schema is no part of what the migration does, nor of its hash.
    const { $schema: _, ...migration } = result.data;
    return migration;
  }
  const issues = result.success ? [] : result.error.issues.filter((issue) => !beneath(issue.path, refused));
  throw invalid(file, [...refused, ...withoutEchoes(issues).flatMap((issue) => describe(issue, document))]);
}

function invalid(file: string, problems: readonly Problem[]): MigrationInvalid {
  const lines = [...problems]
    .sort((a, b) => a.line - b.line)
    .map(({ line, text }) => `${file}:${String(line)}: ${text}`);
  const count = lines.length === 1 ? "1 problem" : `${String(lines.length)} problems`;
  return new MigrationInvalid({
    object: `migration file "${file}"`,
    problem: `${count}\n  ${lines.join("\n  ")}`,
    remedy: "docs/reference/migration.md describes every key",
  });
}

function unimplemented(document: MigrationDocument): readonly (Problem & { readonly path: Path })[] {
  return findUnimplemented(document.value).map(({ path, value, entry }) => {
    const what = entry.only === undefined ? pathText(path) : `${pathText(path)}: ${valueText(value)}`;
    return { path, line: document.lineOf(path, "key"), text: `${what} is not implemented yet; ${entry.instead}` };
  });
}

/** The shape of a thing that is refused as a whole is of no interest. */
function beneath(path: Path, refused: readonly { readonly path: Path }[]): boolean {
  return refused.some((entry) => entry.path.every((key, index) => path[index] === key));
}

/** A rule about a whole value adds nothing where the value itself, or one of its keys, was not understood. */
function withoutEchoes(issues: readonly z.core.$ZodIssue[]): readonly z.core.$ZodIssue[] {
  const unclear = new Set(issues.filter(({ code }) => code !== "custom").map(({ path }) => pathText(path)));
  return issues.filter((issue) => issue.code !== "custom" || !unclear.has(pathText(issue.path)));
}

function describe(issue: z.core.$ZodIssue, document: MigrationDocument): readonly Problem[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => unknownKey({ path: issue.path, key, document }));
  }
  if (issue.code === "invalid_key") {
    const key = String(issue.path.at(-1));
    const [rule] = issue.issues;
    if (!rule?.message) return [unknownKey({ path: issue.path.slice(0, -1), key, document })];
    const text = `${pathText(issue.path)}: this key is not allowed; allowed: ${rule.message}`;
    return [{ line: document.lineOf(issue.path, "key"), text }];
  }
  if (issue.code === "invalid_union") {
    const branch = nearestBranch(issue.errors);
    return branch.flatMap((inner) => describe({ ...inner, path: [...issue.path, ...inner.path] }, document));
  }
  const value = valueAt(document.value, issue.path);
  const allowed = issue.message === "" ? allowedBy(schemaAt(issue.path)) : issue.message;
  const given = value === undefined ? "is missing" : value === null ? "is empty" : `${valueText(value)} is not allowed`;
  const line = document.lineOf(issue.path);
  return [{ line, text: `${pathText(issue.path) || "the file"}: ${given}; allowed: ${allowed}` }];
}

/** The branch that understood most: whose problems lie deepest, else one that says in words what it wants. */
function nearestBranch(branches: readonly (readonly z.core.$ZodIssue[])[]): readonly z.core.$ZodIssue[] {
  const depth = (issues: readonly z.core.$ZodIssue[]): number =>
    Math.min(...issues.map((issue) => issue.path.length + (issue.code === "unrecognized_keys" ? 1 : 0)));
  const worded = (issues: readonly z.core.$ZodIssue[]): number =>
    issues.some(({ message }) => message !== "") ? 1 : 0;
  return [...branches].sort((a, b) => depth(b) - depth(a) || worded(b) - worded(a))[0] ?? [];
}

/** Keys of earlier versions, and how what they said is written now. */
const MOVED_KEYS: ReadonlyMap<string, string> = new Map([
  ["operation", 'is a list now; write "operations:" with an entry "- rename_column: { table, from, to }"'],
]);

interface UnknownKey {
  readonly path: Path;
  readonly key: string;
  readonly document: MigrationDocument;
}

function unknownKey({ path, key, document }: UnknownKey): Problem {
  const moved = path.length === 0 ? MOVED_KEYS.get(key) : undefined;
  if (moved !== undefined) return { line: document.lineOf([key], "key"), text: `${key}: ${moved}` };
  const known = keysOf(schemaAt(path)).filter((name) => name !== "$schema");
  const near = nearestName(key, known);
  const hint = near === undefined ? `allowed: ${known.join(", ")}` : `did you mean "${near}"?`;
  return { line: document.lineOf([...path, key], "key"), text: `${pathText([...path, key])}: unknown key; ${hint}` };
}

/** `cutover.steps[1].percent` */
function pathText(path: Path): string {
  return path
    .map((key) => (typeof key === "number" ? `[${String(key)}]` : `.${String(key)}`))
    .join("")
    .replace(/^\./, "");
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (at, key) => (typeof at === "object" && at !== null ? (at as Record<PropertyKey, unknown>)[key] : undefined),
    value,
  );
}

const MAX_VALUE = 60;

/** The value as JSON, on one line and not too long; a cyclic one (an anchor within itself) by its kind. */
function valueText(value: unknown): string {
  let text: string;
  if (typeof value === "number") return String(value);
  try {
    text = JSON.stringify(value);
  } catch {
    text = Array.isArray(value) ? "a list that holds itself" : "a mapping that holds itself";
  }
  return text.length > MAX_VALUE ? `${text.slice(0, MAX_VALUE)}…` : text;
}
