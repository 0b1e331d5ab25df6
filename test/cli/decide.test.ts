import { beforeEach, describe, expect, it } from "vitest";
import type { GateEvaluation } from "../../core/gates/evaluation.ts";
import { NEXT } from "../../core/gates/approval-request.ts";
import { purpose } from "../../core/run/operator/purpose.ts";
import { DatabaseUnavailable, ServiceUnavailable } from "../../core/errors.ts";
import { ANA, BEN, HASH, OperatedStack, question, runRecord, stateMachines } from "./operated-stack.ts";
import { type TestCliProps, testCli } from "./test-cli.ts";

let stack: OperatedStack;

beforeEach(async () => {
  stack = new OperatedStack();
  await stack.registry.acquireTableLocks(runRecord("friday"));
  await stack.approvals.request(question("friday"));
  await stack.callbacks.keep("friday", "token-of-friday");
});

const sluice = (props: TestCliProps = {}): ReturnType<typeof testCli> =>
  testCli({ clock: stack.clock, services: stack.services(), ...props });

const decision = async (): Promise<unknown> => (await stack.approvals.find("friday", "before_cutover"))?.decision;

const GATE: GateEvaluation = {
  gate: "before_cutover",
  status: "ask",
  readings: [
    { kind: "alarm", name: "crm-errors", value: "OK", threshold: "OK for 300 s", status: "pass", reason: "" },
    { kind: "approval", name: "approval", value: "none", threshold: "approved", status: "wait", reason: "asked" },
  ],
  stableSeconds: 600,
  stableForSeconds: 600,
  waitedSeconds: 0,
  timeoutSeconds: 1_800,
};

describe("sluice approve", () => {
  it("approves as the caller, for just this request, and the run goes on", async () => {
    const { code, out, err } = await sluice()("approve", "friday", "--plan", "3f9c21ab", "--reason", "checked with BI");
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toBe(`✓ Gate before_cutover of run "friday" is approved by ${BEN}. The run goes on.\n`);
    expect(await decision()).toMatchObject({ answer: "approved", by: BEN, reason: "checked with BI" });
    expect(stack.callbacks.woken).toEqual(["token-of-friday"]);
    const request = { run: "friday", plan: "3f9c21ab", reason: "checked with BI" };
    const proof = { query: JSON.stringify({ arn: BEN, purpose: purpose("approve", request) }) };
    expect(stack.calls).toEqual([{ name: "Approve", payload: { ...request, proof } }]);
  });

  it("gives a script the decision", async () => {
    const { code, out } = await sluice()("approve", "friday", "--reason", "CHG-4711", "--json");
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      run: "friday",
      gate: "before_cutover",
      answer: "approved",
      by: BEN,
      at: "2026-01-05T09:00:00.000Z",
    });
  });

  it.each([
    [["approve", "friday"], "required option '--reason <text>' not specified"],
    [["approve", "friday", "--reason", "  "], "It is empty."],
    [["reject", "friday"], "required option '--reason <text>' not specified"],
    [["pause", "friday"], "required option '--reason <text>' not specified"],
  ])("asks for a reason: %j", async (args, message) => {
    const { code, err } = await sluice()(...args);
    expect(code).toBe(2);
    expect(err).toContain(message);
    expect(stack.calls).toEqual([]);
  });

  describe("on a terminal", () => {
    const job = {
      job: "validate-before-cutover",
      shards: { done: 8, total: 8 },
      blocks: { done: 1, total: 1 },
      rowsSynced: 0,
      rowsPerSecond: 0,
      mismatches: 0,
    };
    const services = () =>
      stack.services({
        progress: () => Promise.resolve([job]),
        stateMachines: () =>
          stateMachines({
            lastStep: () => Promise.resolve({ state: "GateBeforeCutover", message: "asks", at: "", gate: GATE }),
          }),
      });

    it("shows what is decided, and binds the approval to the plan and the gate that were shown", async () => {
      const props = { interactive: true, answer: true, services: services() };
      const { code, err } = await sluice(props)("approve", "friday", "--reason", "checked");
      expect(code).toBe(0);
      expect(err).toBe(
        `
friday

  gate         before cutover
  migration    lead-source
  table        crm/crm.friday
  plan         ${HASH}
  started by   ${ANA}
  deadline     2026-01-08T09:00:00.000Z, 3d left
  validation   validate before cutover: divergence 0 rows, 8 of 8 shards read
  if approved  ${NEXT.before_cutover}

  gate before cutover  waits for a person
    ✓ alarm crm-errors: OK (asked: OK for 300 s)
    … approval: asked
    everything has passed for 10m of 10m

`.trimStart(),
      );
      expect(stack.calls[0]?.payload).toMatchObject({ plan: HASH, gate: "before_cutover" });
      expect(err).not.toContain("token-of-friday");
    });

    it("decides nothing where the answer is no", async () => {
      const props = { interactive: true, answer: false, services: services() };
      const { code, out, err } = await sluice(props)("approve", "friday", "--reason", "checked");
      expect({ code, out }).toEqual({ code: 0, out: "" });
      expect(err).toMatch(/nothing was decided\n$/);
      expect(stack.calls).toEqual([]);
    });

    it("decides nothing where there is no terminal to ask on", async () => {
      const { code, err } = await sluice({ interactive: true })("approve", "friday", "--reason", "checked");
      expect(code).toBe(2);
      expect(err).toContain("→ Add --yes, or run it on a terminal");
      expect(stack.calls).toEqual([]);
    });

    it("does not ask where it is told not to", async () => {
      const { code, err } = await sluice({ interactive: true })("approve", "friday", "--reason", "checked", "--yes");
      expect({ code, err }).toEqual({ code: 0, err: "" });
    });

    it("does not take an approval that cannot be read for none", async () => {
      const busy = new ServiceUnavailable({ object: "table", problem: "is busy", remedy: "Retry" });
      const props = { interactive: true, answer: true };
      const broken = stack.services({ approvals: () => Promise.reject(busy) });
      const { code } = await sluice({ ...props, services: broken })("approve", "friday", "--reason", "checked");
      expect(code).toBe(5);
      expect(stack.calls).toEqual([]);
    });

    it("says what it could not read of the facts", async () => {
      const down = new DatabaseUnavailable({ object: 'database "crm"', problem: "is resuming", remedy: "Wait" });
      const broken = stack.services({ progress: () => Promise.reject(down) });
      const props = { interactive: true, answer: false, services: broken };
      const { err } = await sluice(props)("approve", "friday", "--reason", "checked");
      expect(err).toContain("validation   none yet");
      expect(err).toContain('not known: database "crm": is resuming. Wait');
    });
  });
});

describe("sluice reject", () => {
  it("rejects as the caller, and says what that does", async () => {
    const { code, out } = await sluice()("reject", "friday", "--reason", "the month is being closed");
    expect(code).toBe(0);
    expect(out).toBe(
      `✓ Gate before_cutover of run "friday" is rejected by ${BEN}. The run is rolled back: all traffic on the old path.\n`,
    );
    expect(await decision()).toMatchObject({ answer: "rejected", by: BEN, reason: "the month is being closed" });
  });
});

describe("a decision that does not count", () => {
  /** The error as a script reads it. Its wording is pinned by the snapshot beside this file, and nowhere else. */
  const refused = async (...args: readonly string[]): Promise<Readonly<Record<string, string>>> => {
    const { code, out, err } = await sluice()(...args, "--json");
    expect({ code, out }).toEqual({ code: 3, out: "" });
    const { error } = JSON.parse(err) as { readonly error: Readonly<Record<string, string>> };
    expect(error).toMatchSnapshot();
    return error;
  };
  const BEFORE_CUTOVER = { name: "DecisionRefused", object: 'gate before_cutover of run "friday"' };

  it("is the one about another plan", async () => {
    const error = await refused("approve", "friday", "--plan", "deadbeef", "--reason", "checked");
    expect(error).toMatchObject(BEFORE_CUTOVER);
    expect(error["problem"]).toContain(HASH);
    expect(error["problem"]).toContain("deadbeef");
    // On a terminal it is one block of these three.
    const { err } = await sluice()("approve", "friday", "--plan", "deadbeef", "--reason", "checked");
    const block = `✗ ${String(error["object"])} ${String(error["problem"])} → ${String(error["remedy"])}`;
    expect(err.replaceAll(/\n +/g, " ").trimEnd()).toBe(block);
  });

  it("is the one that comes late", async () => {
    stack.clock.advance(4 * 86_400_000);
    const error = await refused("reject", "friday", "--reason", "no");
    expect(error).toMatchObject(BEFORE_CUTOVER);
    expect(error["problem"]).toContain("2026-01-08T09:00:00.000Z");
    expect(error["problem"]).toContain("2026-01-09T09:00:00.000Z");
  });

  it("is the second one", async () => {
    await sluice()("approve", "friday", "--reason", "first");
    stack.caller = ANA;
    const error = await refused("reject", "friday", "--reason", "second");
    expect(error).toMatchObject(BEFORE_CUTOVER);
    expect(error["problem"]).toContain(`approved by ${BEN} at 2026-01-05T09:00:00.000Z ("first")`);
    expect(error["remedy"]).toContain("sluice status friday");
  });

  it("is the one of the run's initiator, where the gate forbids that", async () => {
    await stack.registry.acquireTableLocks(runRecord("saturday"));
    await stack.approvals.request(question("saturday", { selfApproval: false }));
    stack.caller = ANA;
    const error = await refused("approve", "saturday", "--reason", "me");
    expect(error).toMatchObject({ name: "DecisionRefused", object: 'gate before_cutover of run "saturday"' });
    expect(error["problem"]).toContain(ANA);
  });

  it("is the one about a run without a pending approval, or one that is over", async () => {
    await stack.registry.acquireTableLocks(runRecord("sunday"));
    const SUNDAY = { name: "DecisionRefused", object: 'run "sunday"' };
    const idle = await refused("approve", "sunday", "--reason", "go");
    expect(idle).toMatchObject(SUNDAY);
    expect(idle["remedy"]).toContain("sluice status sunday");
    await stack.registry.transition({
      ...{ runId: "sunday", from: ["validate"], to: "rolled-back", at: "2026-01-05T10:00:00.000Z" },
      reason: 'alarm "crm-errors" fired',
    });
    const over = await refused("approve", "sunday", "--reason", "go");
    expect(over).toMatchObject(SUNDAY);
    expect(over["problem"]).toContain('rolled back at 2026-01-05T10:00:00.000Z: alarm "crm-errors" fired');
  });

  it("is the one of a caller who is not identified", async () => {
    const services = stack.services({ proof: () => Promise.resolve({ query: '{"purpose":"another"}' }) });
    const { code, err } = await sluice({ services })("approve", "friday", "--reason", "checked");
    expect(code).toBe(3);
    expect(err).toMatch(/^✗ the caller\n {2}\S.*\n {2}→ \S.*\n$/);
    expect(err).toMatchSnapshot();
    expect(await decision()).toBeUndefined();
  });

  it("ends with 4 for a run that is not there, and where the stack is older than the command", async () => {
    const missing = await sluice()("approve", "nobody", "--reason", "go");
    expect(missing.code).toBe(4);
    expect(missing.err).toBe('✗ run "nobody"\n  is not in the run registry\n  → List the runs: sluice status\n');
    const old = stack.services({ stack: () => Promise.resolve({ ...stack.outputs, all: {} }) });
    const { code, err } = await sluice({ services: old })("approve", "friday", "--reason", "go");
    expect(code).toBe(4);
    expect(err).toContain('✗ output "ApproveFunction" of the stack\n  is missing');
  });
});
