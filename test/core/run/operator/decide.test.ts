import { describe, expect, it } from "vitest";
import { CallerUnknown, DecisionRefused, NotFound } from "../../../../core/errors.ts";
import type { Phase } from "../../../../core/plan/phases.ts";
import type { Approval } from "../../../../core/ports.ts";
import { decide, type DecisionRequest } from "../../../../core/run/operator/decide.ts";
import { ANN, BOB, CommandStage, proofOf } from "./command-stage.ts";

const HASH = "abcdef0123".padEnd(64, "0");
const DEADLINE = "2026-01-05T10:00:00.000Z";

async function asked(changes: Partial<Approval> = {}, run: Parameters<typeof CommandStage.begin>[0] = {}) {
  const stage = await CommandStage.begin(run);
  await ask(stage, changes);
  return stage;
}

async function ask(stage: CommandStage, changes: Partial<Approval> = {}): Promise<void> {
  await stage.approvals.request({
    runId: "a",
    gate: "before_cutover",
    planHash: HASH,
    requestedAt: stage.now,
    deadline: DEADLINE,
    selfApproval: true,
    ...changes,
  });
}

/** As the command line does it: the proof is for just this request. */
function by(arn: string, changes: Partial<Omit<DecisionRequest, "proof">> = {}): DecisionRequest {
  const request = { run: "a", answer: "approved" as const, reason: "looked at the proof", ...changes };
  const { answer, ...given } = request;
  return { ...request, proof: proofOf(arn, answer === "approved" ? "approve" : "reject", given) };
}

async function refusal(stage: CommandStage, request: DecisionRequest): Promise<string> {
  const error = await decide(stage, request).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(DecisionRefused);
  return (error as Error).message;
}

describe("decide", () => {
  it.each(["approved", "rejected"] as const)(
    "has the gate %s by whoever proves to call, and wakes the run",
    async (answer) => {
      const stage = await asked();
      const decided = await decide(stage, by(BOB, { answer }));
      const decision = { answer, by: BOB, at: "2026-01-05T09:00:00.000Z", reason: "looked at the proof" };
      expect(decided).toEqual({ ...decision, run: "a", gate: "before_cutover", message: expect.any(String) });
      expect(decided.message).toContain(answer === "approved" ? "goes on" : "rolled back");
      expect((await stage.approvals.find("a", "before_cutover"))?.decision).toEqual(decision);
      expect(stage.woken).toBe(true);
    },
  );

  it.each([HASH, HASH.slice(0, 8), undefined])("takes the plan's hash as %s", async (plan) => {
    const stage = await asked();
    expect(await decide(stage, by(BOB, { plan }))).toMatchObject({ answer: "approved" });
  });

  it("decides what is asked now, not what was decided before", async () => {
    const stage = await asked({ gate: "before_expand" });
    await decide(stage, by(ANN));
    stage.clock.advance(60_000);
    await ask(stage);
    expect(await decide(stage, by(BOB, { answer: "rejected" }))).toMatchObject({ gate: "before_cutover" });
    expect(await stage.approvals.find("a", "before_expand")).toMatchObject({ decision: { answer: "approved" } });
  });

  it("takes the gate that asks by its name", async () => {
    const stage = await asked();
    expect(await decide(stage, by(BOB, { gate: "before_cutover" }))).toMatchObject({ answer: "approved" });
  });

  it("takes an answer at the very deadline", async () => {
    const stage = await asked();
    stage.clock.advance(3_600_000);
    expect(await decide(stage, by(BOB))).toMatchObject({ at: DEADLINE });
  });

  it("does not know a run that is not there", async () => {
    const stage = await asked();
    await expect(decide(stage, by(BOB, { run: "b" }))).rejects.toThrow(NotFound);
  });

  it.each([
    ["another run", by(BOB, { run: "b" })],
    ["a rejection", by(BOB, { answer: "rejected" })],
    ["another plan", by(BOB, { plan: HASH })],
    ["another gate", by(BOB, { gate: "before_contract" })],
    ["another reason", by(BOB, { reason: "it is late" })],
  ])("takes no proof that was made for %s", async (_, { proof }) => {
    const stage = await asked();
    await expect(decide(stage, { ...by(BOB), proof })).rejects.toThrow(CallerUnknown);
    expect(stage.woken).toBe(false);
  });
});

describe("decide refuses", () => {
  const untouched = async (stage: CommandStage): Promise<void> => {
    expect((await stage.approvals.find("a", "before_cutover"))?.decision).toBeUndefined();
    expect(stage.woken).toBe(false);
  };

  it.each(["", "  \n"])("a decision without a reason (%j)", async (reason) => {
    const stage = await asked();
    expect(await refusal(stage, by(BOB, { reason }))).toMatch(/has no reason/);
    await untouched(stage);
  });

  it("a reason of a size that the run's state could not carry", async () => {
    const stage = await asked();
    expect(await refusal(stage, by(BOB, { reason: "x".repeat(2_001) }))).toMatch(/has a reason of more than 2000/);
    await untouched(stage);
    expect(await decide(stage, by(BOB, { reason: "x".repeat(2_000) }))).toMatchObject({ by: BOB });
  });

  it.each<[Phase, RegExp]>([
    ["rolled-back", /was rolled back at .*: alarm "errors" fired/],
    ["undone", /was rolled back, and undone/],
    ["done", /was done/],
    ["contract", /is in contract/],
  ])("a run that is %s", async (phase, message) => {
    const stage = await asked({}, { phase, reason: 'alarm "errors" fired' });
    expect(await refusal(stage, by(BOB))).toMatch(message);
    await untouched(stage);
  });

  it("an answer to an earlier gate, where the run has come to its next one since", async () => {
    const stage = await asked();
    const request = by(BOB, { gate: "before_cutover", plan: HASH });
    await decide(stage, request);
    await ask(stage, { gate: "before_contract" });
    expect(await refusal(stage, request)).toContain(
      'gate before_contract of run "a": is what is asked now, and the decision is about gate "before_cutover"',
    );
    expect((await stage.approvals.find("a", "before_contract"))?.decision).toBeUndefined();
  });

  it("an answer that nobody asked for", async () => {
    const stage = await CommandStage.begin();
    expect(await refusal(stage, by(BOB))).toMatch(/asks nothing at this moment/);
    expect(stage.woken).toBe(false);
  });

  it("a second answer, and wakes a run that the first one did not", async () => {
    const stage = await asked();
    await decide(stage, by(ANN, { answer: "rejected", reason: "not on a Friday" }));
    // As if that call had died before it woke the run.
    await stage.callbacks.keep("a", "token");
    const message = await refusal(stage, by(BOB));
    expect(message).toContain(`was rejected by ${ANN} at 2026-01-05T09:00:00.000Z ("not on a Friday")`);
    expect(stage.woken).toBe(true);
  });

  it.each([
    ["another plan", "1".repeat(64)],
    ["a prefix that may be another plan's", "abcdef0"],
    ["no plan", ""],
    ["more than the plan", `${HASH}0`],
  ])("an answer about %s", async (_, plan) => {
    const stage = await asked();
    expect(await refusal(stage, by(BOB, { plan }))).toContain(
      `is about plan ${HASH}, and the decision about plan "${plan}"`,
    );
    await untouched(stage);
  });

  it.each(["approved", "rejected"] as const)("an answer past the deadline (%s)", async (answer) => {
    const stage = await asked();
    stage.clock.advance(3_600_001);
    expect(await refusal(stage, by(BOB, { answer }))).toMatch(/asked for an answer until 2026-01-05T10:00:00.000Z/);
    await untouched(stage);
  });

  it("the approval of whoever started the run, where the gate forbids it", async () => {
    const stage = await asked({ selfApproval: false });
    expect(await refusal(stage, by(ANN))).toContain(`by whoever started the run: ${ANN}`);
    await untouched(stage);
    expect(await decide(stage, by(BOB))).toMatchObject({ by: BOB });
  });

  it("an approval under a name that an SDK made up for this one command, where the gate forbids one's own", async () => {
    const session = (at: string): string => `arn:aws:sts::000000000000:assumed-role/Ops/aws-sdk-js-${at}`;
    const stage = await asked({ selfApproval: false }, { startedBy: session("1767600000000") });
    expect(await refusal(stage, by(session("1767600060000")))).toMatch(/aws-sdk-js-1767600000000 may be anybody/);
    expect(await refusal(stage, by(BOB))).toMatch(/may be anybody/);
    await untouched(stage);
    const named = await asked({ selfApproval: false });
    expect(await refusal(named, by(session("1767600060000")))).toMatch(/aws-sdk-js-1767600060000 may be anybody/);
  });

  it("any approval, where the gate forbids one's own and nobody knows who started the run", async () => {
    const { startedBy: _, ...unknown } = (await (await CommandStage.begin()).record())!;
    const stage = await CommandStage.begin();
    await stage.registry.acquireTableLocks({ ...unknown, runId: "b", tables: ["crm/public.deals"] });
    await ask(stage, { runId: "b", selfApproval: false });
    expect(await refusal(stage, by(BOB, { run: "b" }))).toMatch(/nobody knows who did/);
    expect(await decide(stage, by(BOB, { run: "b", answer: "rejected" }))).toMatchObject({ answer: "rejected" });
  });

  it("with the first of several reasons: over, decided, plan, late, self", async () => {
    const stage = await asked({ selfApproval: false });
    stage.clock.advance(3_600_001);
    expect(await refusal(stage, by(ANN, { plan: "1".repeat(64) }))).toMatch(/is about plan/);
    expect(await refusal(stage, by(ANN))).toMatch(/asked for an answer until/);
  });

  it("all but one of many answers at once, each told of the one", async () => {
    const stage = await asked();
    const people = Array.from({ length: 20 }, (_, index) => `arn:aws:iam::000000000000:user/p${String(index)}`);
    const answers = await Promise.allSettled(
      people.map((arn, index) => decide(stage, by(arn, { answer: index % 2 ? "approved" : "rejected" }))),
    );
    const won = answers.flatMap((answer) => (answer.status === "fulfilled" ? [answer.value] : []));
    expect(won).toHaveLength(1);
    for (const answer of answers) {
      if (answer.status === "rejected")
        expect(String(answer.reason)).toContain(`was ${won[0]!.answer} by ${won[0]!.by}`);
    }
    expect((await stage.approvals.find("a", "before_cutover"))?.decision?.by).toBe(won[0]!.by);
  });

  it("an answer whose deadline passes while it is given", async () => {
    const stage = await asked();
    const slow = { decide: () => stage.approvals.find("a", "before_cutover") } as Pick<
      typeof stage.approvals,
      "decide"
    >;
    const approvals = Object.assign(Object.create(stage.approvals) as typeof stage.approvals, {
      ofRun: (run: string) => stage.approvals.ofRun(run),
      ...slow,
    });
    const { registry, callbacks, callers, clock } = stage;
    const error = await decide({ registry, callbacks, callers, clock, approvals }, by(BOB)).catch((e: unknown) => e);
    expect(String(error)).toMatch(/asked for an answer until/);
  });
});

describe("the rejection of whoever started the run", () => {
  it("counts, as a rollback of theirs would", async () => {
    const stage = await asked({ selfApproval: false });
    expect(await decide(stage, by(ANN, { answer: "rejected" }))).toMatchObject({ answer: "rejected", by: ANN });
  });
});
