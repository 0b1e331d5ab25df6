import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";

function sluice(args: readonly string[], environment: NodeJS.ProcessEnv = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["bin/sluice.mjs", ...args], {
    encoding: "utf8",
    env: { ...process.env, ...environment },
  });
  return { status, stdout, stderr };
}

describe("bin/sluice.mjs", () => {
  it("runs without a build and ends with the command's exit code", () => {
    expect(sluice(["--version"])).toEqual({ status: 0, stdout: "0.1.0\n", stderr: "" });
    expect(sluice(["no-such-command"]).status).toBe(2);
  });

  it("starts without the AWS SDK: a plan in a review asks nobody", () => {
    const resolve =
      "export const resolve = (specifier, context, next) => { " +
      'if (specifier.startsWith("@aws-sdk/")) throw new Error(specifier); return next(specifier, context); };';
    const register = `import { register } from "node:module"; register(${JSON.stringify(`data:text/javascript,${resolve}`)});`;
    const NODE_OPTIONS = `--import="data:text/javascript,${encodeURIComponent(register)}"`;
    expect(sluice(["--help"], { NODE_OPTIONS }).status).toBe(0);
    // That the trap works: a command that asks the stack falls into it.
    expect(sluice(["status"], { NODE_OPTIONS, AWS_ENDPOINT_URL: "http://127.0.0.1:1" }).stderr).toContain("@aws-sdk/");
  });

  it("writes no colour into a pipe, unless it is asked to", () => {
    expect(sluice(["plan", "no-such-file"], { FORCE_COLOR: "" }).stderr).toMatch(/^✗ file/);
    expect(sluice(["plan", "no-such-file"], { FORCE_COLOR: "1", NO_COLOR: "" }).stderr).toMatch(/^\u001b\[31m✗/m);
    expect(sluice(["plan", "no-such-file"], { FORCE_COLOR: "1", NO_COLOR: "1" }).stderr).toMatch(/^✗ file/);
  });

  it("says how to name a stack that is nowhere, in one block", () => {
    const { status, stderr } = sluice(["status"], {
      AWS_ENDPOINT_URL: "http://127.0.0.1:1",
      AWS_REGION: "us-east-1",
      AWS_ACCESS_KEY_ID: "test",
      AWS_SECRET_ACCESS_KEY: "test",
      AWS_MAX_ATTEMPTS: "1",
    });
    expect(status).toBe(5);
    expect(stderr).toMatch(/^✗ stack "Sluice"\n {2}CloudFormation did not answer .*ECONNREFUSED/);
    expect(stderr).not.toContain(" at ");
  });
});
