import { describe, expect, it } from "vitest";
import type { Services } from "../../cli/services/services.ts";
import { runCdk } from "../../cli/services/cdk.ts";
import { type TestCliProps, testCli } from "./test-cli.ts";

const stack = (): ReturnType<Services["stack"]> =>
  Promise.resolve({ migrationArn: "m", rollbackArn: "r", registryTable: "c", all: { RegistryTable: "c" } });

/** The command line on a CDK CLI that keeps what it was asked and ends with these codes. */
function withCdk(codes: readonly number[], props: TestCliProps = {}) {
  const calls: string[] = [];
  const left = [...codes];
  const cdk = (args: readonly string[]): Promise<number> => {
    calls.push(args.join(" "));
    return Promise.resolve(left.shift() ?? 0);
  };
  return { calls, sluice: testCli({ ...props, services: { cdk, stack } }) };
}

describe("sluice deploy", () => {
  it("shows the changes, asks, and deploys", async () => {
    const { calls, sluice } = withCdk([0, 0], { answer: true });
    expect((await sluice("deploy")).code).toBe(0);
    expect(calls).toEqual(["diff", "deploy --require-approval never"]);
  });

  it("deploys nothing where the answer is no", async () => {
    const { calls, sluice } = withCdk([0, 0], { answer: false });
    const { code, err } = await sluice("deploy");
    expect(code).toBe(0);
    expect(err).toBe("nothing was deployed\n");
    expect(calls).toEqual(["diff"]);
  });

  it("deploys nothing where nobody can answer, and does not take that for a yes", async () => {
    const { calls, sluice } = withCdk([0, 0]);
    const { code, err } = await sluice("deploy");
    expect(code).toBe(2);
    expect(err).toContain("Add --yes");
    expect(calls).toEqual([]);
  });

  it("passes context and further options on to both", async () => {
    const { calls, sluice } = withCdk([0, 0]);
    await sluice("deploy", "--yes", "-c", "sluice=a.json", "-c", "b=c", "--", "--profile", "production");
    const common = "--context sluice=a.json --context b=c --profile production";
    expect(calls).toEqual([`diff ${common}`, `deploy --require-approval never ${common}`]);
  });

  it.each([
    [[1], ["diff"]],
    [
      [0, 1],
      ["diff", "deploy --require-approval never"],
    ],
  ])("ends with 1 where the CDK CLI fails: %j", async (codes, expected) => {
    const { calls, sluice } = withCdk(codes);
    expect((await sluice("deploy", "--yes")).code).toBe(1);
    expect(calls).toEqual(expected);
  });

  it("gives a script the outputs", async () => {
    const { sluice } = withCdk([0, 0]);
    expect(JSON.parse((await sluice("deploy", "--yes", "--json")).out)).toEqual({ outputs: { RegistryTable: "c" } });
  });
});

describe("the CDK CLI", () => {
  it("is the one that npm installed, and its exit code is told", async () => {
    expect(await runCdk(["--version"], process.env)).toBe(0);
    expect(await runCdk(["no-such-command"], process.env)).toBe(1);
  });
});
