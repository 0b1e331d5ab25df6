import { describe, expect, it } from "vitest";
import { fillRegions, linkTo, table } from "../../scripts/runbook/regions.ts";

const PAGE = `Before.

<!-- generated: alarms -->
stale
<!-- /generated -->

Between.

<!-- generated: paused-states -->
<!-- /generated -->
`;

describe("filling a page's regions", () => {
  it("writes what is between the marks anew, and leaves everything else", () => {
    const filled = fillRegions(PAGE, { alarms: "A", "paused-states": "P" });
    expect(filled).toBe(
      "Before.\n\n<!-- generated: alarms -->\n\nA\n\n<!-- /generated -->\n\nBetween.\n\n" +
        "<!-- generated: paused-states -->\n\nP\n\n<!-- /generated -->\n",
    );
    expect(fillRegions(filled, { alarms: "A", "paused-states": "P" })).toBe(filled);
  });

  it("takes the text as it is, dollars among it", () => {
    expect(fillRegions(PAGE, { alarms: "$& $1", "paused-states": "" })).toContain("\n$& $1\n");
  });

  it("refuses a region that nobody writes, and one that the page lacks", () => {
    expect(() => fillRegions(PAGE, { alarms: "A" })).toThrow('region "paused-states": nothing writes it');
    expect(() => fillRegions(PAGE, { alarms: "A", "paused-states": "P", ends: "E" })).toThrow("regions ends: the page");
  });
});

describe("the Markdown of a region", () => {
  it("keeps a bar within its cell", () => {
    expect(table(["a", "b"], [["x|y", "z"]])).toBe("| a | b |\n| --- | --- |\n| x\\|y | z |");
  });

  it("links to a heading as GitHub names its anchor", () => {
    expect(linkTo("The stack's own alarms")).toBe("[The stack's own alarms](#the-stacks-own-alarms)");
  });
});
