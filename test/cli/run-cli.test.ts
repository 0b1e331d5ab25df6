import { describe, expect, it } from "vitest";
import { EXIT_CODES, exitCodeOf } from "../../cli/exit-code.ts";
import * as errors from "../../core/errors.ts";
import { testCli } from "./test-cli.ts";

const sluice = testCli();

describe("the command line", () => {
  it("prints help on standard output and ends with 0", async () => {
    const { code, out, err } = await sluice("--help");
    expect(code).toBe(0);
    expect(err).toBe("");
    for (const { code: number, meaning } of EXIT_CODES) expect(out).toContain(`  ${String(number)}  ${meaning}`);
  });

  it.each([
    ...["plan", "preflight", "deploy", "start", "status", "approve", "reject", "pause", "resume"],
    ...["rollback", "undo", "local", "local up", "local down"],
  ])("has help with examples for %s", async (command) => {
    const { code, out } = await sluice(...command.split(" "), "--help");
    expect(code).toBe(0);
    expect(out).toContain(`Usage: sluice ${command}`);
    expect(out).toMatch(new RegExp(`Examples:\n  sluice ${command.split(" ")[0] ?? ""}`));
  });

  it("prints its version", async () => {
    expect(await sluice("--version")).toEqual({ code: 0, out: "1.2.3\n", err: "" });
  });

  it.each([
    [["sttus"], /unknown command 'sttus'\n\(Did you mean status\?\)/],
    [["plan"], /missing required argument 'file'/],
    [["plan", "a", "--jsn"], /unknown option '--jsn'\n\(Did you mean --json\?\)/],
    [["start", "a", "b"], /too many arguments/],
    [[], /Usage: sluice/],
  ])("ends with 2 and says why for %j", async (args, message) => {
    const { code, out, err } = await sluice(...args);
    expect(code).toBe(2);
    expect(out).toBe("");
    expect(err).toMatch(message);
  });

  it("writes an error as one block of object, problem and remedy, without a stack", async () => {
    const { code, err } = await sluice("plan", "no-such-file.yaml");
    expect(code).toBe(4);
    expect(err).toBe(
      '✗ file "no-such-file.yaml"\n' +
        "  cannot be read: ENOENT: no such file or directory, open 'no-such-file.yaml'\n" +
        "  → Correct the path\n",
    );
  });

  it("writes the error as JSON to standard error for a script", async () => {
    const { code, out, err } = await sluice("plan", "no-such-file.yaml", "--json");
    expect(code).toBe(4);
    expect(out).toBe("");
    expect(JSON.parse(err)).toMatchObject({ error: { name: "NotFound", object: 'file "no-such-file.yaml"' } });
  });

  it("adds the stack where it is asked to", async () => {
    const { err } = await testCli({ debug: true })("plan", "no-such-file.yaml");
    expect(err).toMatch(/NotFound: .*\n\s+at /);
    expect(err).toContain("caused by Error: ENOENT");
  });

  it("says of an error that is not its own that it is a defect", async () => {
    const broken = testCli({ services: { registry: () => Promise.reject(new TypeError("x is not a function")) } });
    const { code, err } = await broken("status");
    expect(code).toBe(1);
    expect(err).toBe("✗ sluice\n  x is not a function\n  → This is a defect. SLUICE_DEBUG=1 shows where it happened\n");
  });
});

describe("the exit code of an error", () => {
  const details = { object: "a", problem: "b", remedy: "c" };
  it.each([
    [new errors.MigrationInvalid(details), 2],
    [new errors.ConfigurationInvalid(details), 2],
    [new errors.PreflightRefused(details), 3],
    [new errors.DecisionRefused(details), 3],
    [new errors.PauseRefused(details), 3],
    [new errors.UndoRefused(details), 3],
    [new errors.CallerUnknown(details), 3],
    [new errors.NotFound(details), 4],
    [new errors.DatabaseUnavailable(details), 5],
    [new errors.ServiceUnavailable(details), 5],
    [new errors.ServiceRefused(details), 1],
    [new errors.DatabaseError("42501", details), 1],
  ])("goes by its name: %s", ({ name }, code) => {
    expect(exitCodeOf(name)).toBe(code);
  });
});
