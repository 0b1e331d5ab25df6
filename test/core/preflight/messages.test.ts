import { describe, expect, it } from "vitest";
import type { CheckResult } from "../../../core/preflight/check.ts";
import { CHECK_AREAS, CHECKS } from "../../../core/preflight/checks/registry.ts";
import { runPreflight } from "../../../core/preflight/run-preflight.ts";
import { lines } from "./contexts.ts";
import { situations, type Spelling } from "./situations.ts";

/** Every message that the situations bring about, each once, in the order of the checks. */
function messages(spell: Spelling): readonly (readonly [check: string, lines: readonly string[]])[] {
  const results: readonly CheckResult[] = situations(spell).flatMap((context) => runPreflight(context));
  return CHECKS.map(({ name }) => [name, [...new Set(lines(results.filter(({ check }) => check === name)))].sort()]);
}

describe("the messages of the checks", () => {
  it.each(CHECK_AREAS)("of area %s are these", (area) => {
    const ofArea = new Set(CHECKS.filter((check) => check.area === area).map(({ name }) => name));
    const text = messages((word) => word)
      .filter(([check]) => ofArea.has(check))
      .map(([check, said]) => [check, ...said.map((line) => `  ${line}`)].join("\n"));
    expect(text.join("\n\n")).toMatchSnapshot();
  });

  it("are of every check: an ok, and a warning or a refusal", () => {
    for (const [check, said] of messages((word) => word)) {
      const severities = new Set(said.map((line) => line.split(" ")[0]));
      expect(severities.has("ok"), check).toBe(true);
      expect(severities.size, check).toBeGreaterThan(1);
    }
  });

  it.each([
    ["of mixed case", (word: string) => word.toUpperCase().slice(0, 1) + word.slice(1)],
    ["with a dot", (word: string) => `${word}.x`],
  ])("never quote a name twice that is %s", (_, spell) => {
    for (const [check, said] of messages(spell)) for (const line of said) expect(line, check).not.toContain('""');
  });

  it("write a quote in a name as SQL does, and quote that name once", () => {
    for (const [check, said] of messages((word) => `${word}"x`)) {
      // "crm""x" is how SQL writes crm"x; what is left has no quotes side by side.
      for (const line of said) expect(line.replaceAll(/"~?\w+""x\w*"/g, "NAME"), check).not.toContain('""');
    }
  });
});
