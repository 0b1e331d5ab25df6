import type { Context } from "aws-lambda";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { ConfigurationInvalid } from "../../core/errors.ts";
import { command, task } from "../../lambdas/runtime/step.ts";

const CONTEXT = { functionName: "test", awsRequestId: "1", memoryLimitInMB: "128" } as Context;
const SECRET = "AQB-not-for-anybody";

let written = "";
beforeEach(() => {
  written = "";
  const keep = (chunk: string | Uint8Array): boolean => {
    written += String(chunk);
    return true;
  };
  vi.spyOn(process.stdout, "write").mockImplementation(keep);
  vi.spyOn(process.stderr, "write").mockImplementation(keep);
});
afterEach(() => {
  vi.restoreAllMocks();
});

describe("a step's log", () => {
  it("has the input and the result, but no callback token", async () => {
    const handler = task(z.object({ run: z.string(), token: z.string() }), ({ token }) =>
      Promise.resolve({ length: token.length }),
    );
    expect(await handler({ run: "friday", token: SECRET }, CONTEXT)).toEqual({ length: SECRET.length });
    expect(written).toMatch(/step begins.*friday/);
    expect(written).toMatch(/step ends.*length/);
    expect(written).not.toContain(SECRET);
  });

  it("has a step's error and no token where it fails, or its input is not what it takes", async () => {
    const handler = task(z.object({ run: z.string(), token: z.string().max(3) }), () =>
      Promise.reject(new Error("no")),
    );
    await expect(handler({ run: "friday", token: SECRET }, CONTEXT)).rejects.toThrow();
    await expect(handler({ run: "friday", token: "abc" }, CONTEXT)).rejects.toThrow("no");
    expect(written).toContain("step failed");
    expect(written).not.toContain(SECRET);
  });
});

describe("a command", () => {
  const proof = { query: `X-Amz-Signature=${SECRET}` };

  it("is called with what it takes, and keeps the proof out of the log", async () => {
    const work = vi.fn(() => Promise.resolve("done"));
    const request = { run: "friday", reason: "sale", proof };
    expect(await command({ reason: z.string() }, work)(request, CONTEXT)).toBe("done");
    expect(work).toHaveBeenCalledExactlyOnceWith(expect.anything(), request);
    expect(written).toMatch(/step begins.*friday/);
    expect(written).not.toContain(SECRET);
  });

  it.each([
    ["no run", { reason: "sale", proof }, /run: /],
    ["a run of no name", { run: "", reason: "sale", proof }, /run: /],
    ["no proof", { run: "friday", reason: "sale" }, /proof: /],
    ["a proof of another form", { run: "friday", reason: "sale", proof: SECRET }, /proof: /],
    ["no reason", { run: "friday", proof }, /reason: /],
    ["nothing", null, /is not what it takes/],
  ])("says what is wrong with %s, and keeps all of it out of the log", async (_, event, problem) => {
    const work = vi.fn(() => Promise.resolve());
    const call = command({ reason: z.string() }, work)(event, CONTEXT);
    await expect(call).rejects.toThrow(ConfigurationInvalid);
    await expect(call).rejects.toThrow(problem);
    await expect(call).rejects.not.toThrow(SECRET);
    expect(work).not.toHaveBeenCalled();
    expect(written).not.toContain(SECRET);
  });
});
