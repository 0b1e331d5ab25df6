import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import * as errors from "../../core/errors.ts";
import { CONDITIONS } from "../../core/gates/conditions/registry.ts";
import { GATES } from "../../core/gates/gate-names.ts";
import { parseMigration } from "../../core/migration/parse-migration.ts";
import { CHECKS } from "../../core/preflight/checks/registry.ts";
import { PHASES } from "../../core/plan/phases.ts";
import { readConfig } from "../../lib/config.ts";
import { operatorWatches } from "../../lib/operator-watches.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const read = (file: string): string => readFileSync(join(ROOT, file), "utf8");

const PAGES = [
  "README.md",
  "CHANGELOG.md",
  ...readdirSync(join(ROOT, "docs"), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".md"))
    .map((file) => join("docs", file)),
];

/** The text of a page's first code block of a language that holds `needle`. */
function block(page: string, language: string, needle: string): string {
  const blocks = [...read(page).matchAll(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\``, "gm"))];
  return blocks.map(([, text = ""]) => text).find((text) => text.includes(needle)) ?? "";
}

/** A heading's anchor, as GitHub makes it. */
function anchors(page: string): readonly string[] {
  const headings = [...page.matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) => heading);
  return headings.map((heading) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
}

describe("every page", () => {
  it.each(PAGES)("links only to what is there: %s", (page) => {
    const links = [...read(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = ""]) => link);
    for (const link of links.filter((each) => !/^https?:/.test(each))) {
      const [path = "", anchor] = link.split("#");
      const target = path === "" ? page : relative(ROOT, join(ROOT, dirname(page), path));
      const text = target.endsWith(".md") ? read(target) : "";
      if (text === "") expect(() => readdirOrFile(target), `${page}: ${link}`).not.toThrow();
      if (anchor !== undefined) expect(anchors(text), `${page}: ${link}`).toContain(anchor);
    }
  });
});

function readdirOrFile(path: string): unknown {
  try {
    return readdirSync(join(ROOT, path));
  } catch {
    return readFileSync(join(ROOT, path));
  }
}

describe("the README", () => {
  it("is short: what is longer belongs into docs/", () => {
    expect(read("README.md").split("\n").length).toBeLessThanOrEqual(120);
  });

  it("has the two commands that need no account", () => {
    for (const script of ["npm run demo", "npm test"]) expect(read("README.md")).toContain(`npm ci && ${script}\n`);
  });

  it("says what a run does in every phase before its end", () => {
    for (const phase of PHASES.slice(0, PHASES.indexOf("done")))
      expect(read("README.md")).toMatch(new RegExp(`^\\| ${phase} +\\|`, "m"));
  });

  it("leads to every page of docs/", () => {
    const pages = readdirSync(join(ROOT, "docs")).filter((file) => file.endsWith(".md"));
    expect(pages.length).toBeGreaterThan(5);
    for (const page of pages) expect(read("README.md")).toContain(`](docs/${page})`);
  });
});

describe("the scripts of package.json", () => {
  const { scripts } = JSON.parse(read("package.json")) as { readonly scripts: Readonly<Record<string, string>> };

  it("are those that the pages name", () => {
    const named = PAGES.flatMap((page) => [...read(page).matchAll(/npm run ([\w:]+)/g)].map(([, name = ""]) => name));
    expect(named).toEqual(expect.arrayContaining(["demo", "bench:backfill"]));
    expect(Object.keys(scripts)).toEqual(expect.arrayContaining(named));
  });
});

describe("the page on the migration file", () => {
  const page = "docs/migration-file.md";

  it("shows the demo's migration as it is, with comments of its own", () => {
    const shown = block(page, "yaml", "migration:");
    expect(parse(shown)).toEqual(parse(read("examples/migrations/contact-acquisition-channel.yaml")));
    expect(parseMigration(shown, page).migration).toBe("contact-acquisition-channel");
  });
});

describe("the page on the deployment", () => {
  it("shows a configuration that is accepted", () => {
    const shown: unknown = JSON.parse(block("docs/deploy.md", "json", "clusterArn"));
    expect(Object.keys(readConfig(shown).databases)).toEqual(["crm"]);
  });
});

interface State {
  readonly Type: string;
  readonly Resource?: string;
  readonly Parameters?: { readonly gate?: string };
}

function statesOf(machine: string): readonly (readonly [name: string, state: State])[] {
  const { States } = JSON.parse(read(`state-machines/${machine}.asl.json`)) as {
    readonly States: Readonly<Record<string, State>>;
  };
  return Object.entries(States);
}

describe("the runbook", () => {
  const runbook = read("docs/runbook.md");
  /** The cells of the table row that begins with `name`; empty where there is none. */
  const row = (name: string): readonly string[] => {
    const line = runbook.split("\n").find((each) => each.startsWith(`| \`${name}\` `)) ?? "";
    return line
      .split(/(?<!\\)\|/)
      .slice(2, -1)
      .map((cell) => cell.trim());
  };

  it("says of every error what it means and what to do", () => {
    const names = Object.keys(errors).filter((name) => name !== "SluiceError");
    expect(names.length).toBeGreaterThan(10);
    for (const name of names) expect(row(name), name).toEqual([expect.stringMatching(/./), expect.stringMatching(/./)]);
  });

  it("says of every alarm of the stack what it means and what to do", () => {
    expect(operatorWatches.length).toBeGreaterThan(5);
    for (const { name } of operatorWatches)
      expect(row(`Sluice-${name}`), name).toEqual([expect.stringMatching(/./), expect.stringMatching(/./)]);
  });

  it("says of every end of every state machine what comes next", () => {
    const machines = readdirSync(join(ROOT, "state-machines")).filter((file) => file.endsWith(".asl.json"));
    expect(machines.length).toBe(3);
    for (const machine of machines.map((file) => file.replace(".asl.json", ""))) {
      const ends = statesOf(machine).filter(([, { Type }]) => Type === "Fail" || Type === "Succeed");
      expect(ends.length).toBeGreaterThan(0);
      for (const [name] of ends) {
        const line = new RegExp(`^\\| \`${name}\` +\\| ${machine} +\\| \\S.*\\| \\S`, "m");
        expect(runbook, `${machine}: ${name}`).toMatch(line);
      }
    }
  });

  it("has every gate that a migration can declare, with the state that asks it", () => {
    const asking = statesOf("migration").flatMap(([name, { Parameters }]) =>
      Parameters?.gate === undefined ? [] : [[Parameters.gate, name] as const],
    );
    expect(asking.map(([gate]) => gate)).toEqual(GATES);
    for (const [gate, state] of asking) expect(row(gate)[0]).toBe(`\`${state}\``);
  });

  it("has every state in which a run stands by", () => {
    const callbacks = statesOf("migration").filter(([, { Resource = "" }]) => Resource.endsWith(".waitForTaskToken"));
    expect(callbacks.length).toBeGreaterThan(GATES.length);
    for (const [name] of callbacks) expect(runbook).toContain(`\`${name}\``);
  });

  it("has every preflight check, as the reference has it", () => {
    expect(CHECKS.length).toBeGreaterThan(20);
    expect(new Set(CHECKS.map(({ name }) => name)).size).toBe(CHECKS.length);
    const reference = read("docs/reference/preflight.md");
    for (const { name, refusesOrWarns } of CHECKS) {
      expect(row(name)).toEqual([refusesOrWarns]);
      expect(reference).toMatch(new RegExp(`^\\| \`${name}\` `, "m"));
    }
  });

  it("names commands that there are", () => {
    const commands = [...runbook.matchAll(/(?:npx |`)sluice (\w+)/g)].map(([, name = ""]) => name);
    const page = read("docs/reference/cli.md");
    expect(new Set(commands).size).toBeGreaterThan(5);
    for (const name of new Set(commands))
      expect(page, name).toMatch(new RegExp(`^Usage: sluice (\\w+\\|)?${name}\\b`, "m"));
  });
});

describe("the concepts", () => {
  it("name every phase that a run can be in", () => {
    const named = /^\| phase +\| (.*?) *\|$/m.exec(read("docs/concepts.md"))?.[1] ?? "";
    expect(named.match(/[a-z-]+/g)).toEqual(expect.arrayContaining([...PHASES]));
  });

  it("describe every table and column of the ledger", () => {
    const page = read("docs/concepts.md");
    const ledger = page.slice(page.indexOf("## The ledger"), page.indexOf("## The run registry"));
    const migrations = readdirSync(join(ROOT, "core/ledger/migrations")).sort();
    const files = ["schema.ts", ...migrations.map((file) => join("migrations", file))];
    const source = files.map((file) => read(join("core/ledger", file))).join("\n");
    const tables = [...source.matchAll(/CREATE TABLE IF NOT EXISTS sluice\."?(\w+)"? \(([^]*?)\n\)/g)];
    expect(tables.map(([, table]) => table)).toEqual([
      "ledger_migration",
      "run",
      "phase",
      "step",
      "shard",
      "check",
      "event",
    ]);
    for (const [, table = "", body = ""] of tables) {
      expect(ledger).toMatch(new RegExp(`^\\| \`${table}\` `, "m"));
      const columns = [...body.matchAll(/^ {2}([a-z_]+) /gm)].map(([, column = ""]) => column);
      for (const column of columns) expect(ledger, `${table}.${column}`).toContain(`\`${column}\``);
    }
  });
});

describe("the concepts' gates", () => {
  const page = read("docs/concepts.md");

  it("are an example that a migration file may have", () => {
    const file = parse(read("examples/migrations/contact-acquisition-channel.yaml")) as object;
    const { gates } = parse(block("docs/concepts.md", "yaml", "before_cutover:")) as { readonly gates: object };
    const { gates: parsed } = parseMigration(JSON.stringify({ ...file, gates }), "docs/concepts.md");
    expect(Object.keys(parsed.before_cutover ?? {})).toEqual(
      expect.arrayContaining([
        "alarms",
        "metrics",
        "sql",
        "divergence",
        "approval",
        "stable_for",
        "timeout",
        "on_fail",
      ]),
    );
  });

  it("are all there, with every condition that one may have", () => {
    for (const gate of GATES) expect(page).toContain(`\`${gate}\``);
    for (const { key } of CONDITIONS) expect(page).toMatch(new RegExp(`^\\| \`${key}\` `, "m"));
  });

  it("name every kind of event of the ledger, and every kind of item of the run registry", () => {
    const kinds = [
      ...(/type EventKind =([^;]+);/.exec(read("core/ledger/event.ts"))?.[1] ?? "").matchAll(/"([\w-]+)"/g),
    ];
    expect(kinds.length).toBeGreaterThan(10);
    const ledger = page.slice(page.indexOf("## The ledger"), page.indexOf("## The run registry"));
    for (const [, kind = ""] of kinds) expect(ledger).toContain(`\`${kind}\``);
    const sources = readdirSync(join(ROOT, "adapters/registry")).map((file) => read(join("adapters/registry", file)));
    const prefixes = new Set(
      sources.flatMap((source) => [...source.matchAll(/["`]([a-z]+#)/g)].map(([, prefix]) => prefix)),
    );
    expect([...prefixes].sort()).toEqual(["approval#", "callback#", "run#", "start#", "table#"]);
    for (const prefix of prefixes)
      expect(page.slice(page.indexOf("## The run registry"))).toContain(`| \`${prefix ?? ""}`);
  });
});

describe("the decisions", () => {
  it("are numbered without a gap, and each is a page with a context, a decision and its consequence", () => {
    const files = readdirSync(join(ROOT, "docs/decisions")).sort();
    files.forEach((file, index) => {
      expect(file).toMatch(new RegExp(`^${String(index + 1).padStart(4, "0")}-[a-z0-9-]+\\.md$`));
      const text = read(join("docs/decisions", file));
      for (const part of ["**Context.**", "**Decision.**", "**Consequence.**"]) expect(text, file).toContain(part);
      expect(text.split(/[\s|]+/).length, file).toBeLessThan(800);
    });
  });

  it("give a reason for every package that a user of this repository installs", () => {
    const { dependencies, devDependencies } = JSON.parse(read("package.json")) as Record<
      "dependencies" | "devDependencies",
      Record<string, string>
    >;
    const page = read("docs/decisions/0001-dependencies.md");
    const missing = Object.keys({ ...dependencies, ...devDependencies }).filter((name) => {
      const known = name.startsWith("@aws-sdk/") ? "@aws-sdk/*" : name.startsWith("@types/") ? "@types/*" : name;
      return !page.includes(`\`${known}\``);
    });
    expect(missing).toEqual([]);
  });
});
