import { readdirSync, readFileSync } from "node:fs";

const FOLDER = new URL("../../core/ledger/migrations/", import.meta.url);

/**
 * `core/ledger/migrations.ts`: the statements of every file of `core/ledger/migrations/`, since core reads no files and
 * a Lambda is one bundled file.
 */
export function ledgerMigrations(): string {
  const files = readdirSync(FOLDER).sort();
  const migrations = files.map((file, index) => {
    const expected = `${String(index + 1).padStart(4, "0")}.sql`;
    if (file !== expected)
      throw new Error(`core/ledger/migrations/${file}: expected ${expected}, numbered without gaps`);
    return statementsOf(readFileSync(new URL(file, FOLDER), "utf8"), file);
  });
  return `// Generated from core/ledger/migrations/*.sql by "npm run generate". Do not edit.

/** The statements of each migration of the ledger; the first is number 1. */
export const LEDGER_MIGRATIONS: readonly (readonly string[])[] = [
${migrations.map((statements) => `[${statements.map(templateLiteral).join(", ")}]`).join(",\n")}
];
`;
}

/**
 * The statements of a file, without their semicolons: the Data API takes one statement a call. A statement is a
 * paragraph, so it has no blank line in it; the last line ends in its only `;`; lines that begin with `--` are left
 * out. PostgreSQL's own rules would need its lexer (quotes, dollar quotes), and these cover what the ledger needs. A
 * `:name` would be a parameter to the Data API, so none is allowed.
 *
 * @throws Error where a paragraph is something else.
 */
export function statementsOf(text: string, file: string): readonly string[] {
  const paragraphs = text.split(/\n\s*\n/).map((paragraph) => paragraph.split("\n").filter(isCode).join("\n").trim());
  return paragraphs
    .filter((paragraph) => paragraph !== "")
    .map((paragraph) => {
      const statement = paragraph.slice(0, -1);
      const refuse = (problem: string): never => {
        throw new Error(`core/ledger/migrations/${file}: ${problem}: ${paragraph}`);
      };
      if (!paragraph.endsWith(";")) refuse("a statement ends in a semicolon, with no blank line before it");
      if (/;\s*$/m.test(statement)) refuse("a blank line belongs between two statements");
      if (/(?<!:):[A-Za-z_]/.test(statement)) refuse("the Data API would read this as a parameter");
      return statement;
    });
}

function isCode(line: string): boolean {
  return !line.trimStart().startsWith("--");
}

function templateLiteral(text: string): string {
  return `\`${text.replaceAll(/[\\`]|\$\{/g, (special) => `\\${special}`)}\``;
}
