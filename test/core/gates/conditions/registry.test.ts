import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { KINDS } from "../../../../core/gates/conditions/kinds.ts";

const sources = (folder: string, recursive: boolean): readonly string[] =>
  readdirSync(folder, { encoding: "utf8", recursive })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => `${folder}/${file}`);

const code = (file: string): string => readFileSync(file, "utf8").replaceAll(/^\s*(\/\*\*|\*|\/\/).*$/gm, "");

describe("the registry of conditions", () => {
  it("has each kind once, in a file that is called as its key", () => {
    expect(new Set(KINDS.map(({ kind }) => kind)).size).toBe(KINDS.length);
    const defined = sources("core/gates/conditions", false).filter((file) => code(file).includes("= defineCondition("));
    expect(defined).toEqual(KINDS.map(({ key }) => `core/gates/conditions/${key}.ts`).toSorted());
  });

  it("is the only place that knows of kinds: nothing else reads a key of a gate, or compares a kind", () => {
    const others = [
      ...sources("core/gates", false),
      ...["core/migration", "core/plan", "core/preflight", "core/run", "cli", "lambdas"].flatMap((folder) =>
        sources(folder, true),
      ),
    ];
    const kinds = KINDS.map(({ kind }) => kind).join("|");
    const imported = KINDS.map(({ key }) => key).join("|");
    for (const file of others) {
      const text = code(file);
      expect(text, file).not.toMatch(new RegExp(`kind (===|!==) "(${kinds})"|kind: "(${kinds})"`));
      // Types of the metrics port and the form of an alarm's name may be imported.
      if (!file.endsWith("core/gates/schema.ts")) {
        expect(text, file).not.toMatch(new RegExp(`import \\{[^}]*\\} from "[./]*/conditions/(${imported})\\.ts"`));
      }
    }
  });

  it("imports nothing of the preflight or of a run, nor does the preflight of a run", () => {
    for (const file of sources("core/gates/conditions", false)) {
      expect(code(file), file).not.toMatch(/from "[./]+\/(preflight|run)\//);
    }
    for (const file of sources("core/gates", false)) expect(code(file), file).not.toMatch(/from "\.\.\/preflight\//);
    for (const file of sources("core/preflight", true)) {
      expect(code(file), file).not.toMatch(/from "(\.\.\/)+run\/[^"]*"/);
    }
  });
});
