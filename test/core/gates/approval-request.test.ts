import { describe, expect, it } from "vitest";
import { GATES, type GateName } from "../../../core/gates/gate-names.ts";
import type { MigrationInput } from "../../../core/migration/schema.ts";
import { planMigration } from "../../../core/plan/plan-migration.ts";
import { questionOf } from "../../../core/gates/conditions/kinds.ts";
import { approvalRequest, type ApprovalFacts } from "../../../core/gates/approval-request.ts";
import { catalogOf, migrationOf } from "../preflight/contexts.ts";

const FINDINGS = {
  rows: 1_000_000,
  segments: 12,
  oldNulls: 5,
  newNulls: 5,
  mismatches: 3,
  differingSegments: 1,
  worst: ["eu: 3 of 100"],
};

function factsOf(
  name: GateName,
  { gate = {}, ...facts }: Partial<Omit<ApprovalFacts, "gate">> & { gate?: object } = {},
): ApprovalFacts {
  const gates: MigrationInput["gates"] = { alarms: ["crm-errors"], [name]: { approval: { within: "3d" }, ...gate } };
  const plan = planMigration(migrationOf({ gates }), catalogOf());
  const found = plan.gates.find((candidate) => candidate.name === name);
  if (!found) throw new Error("every plan has every gate");
  const ref = {
    id: "friday",
    migration: plan.migration,
    database: plan.database,
    planHash: plan.hash,
    message: "a new plan",
    resumeAt: "expand" as const,
    backfill: { workers: [0], maxConcurrency: 1 },
    validation: { workers: [0], maxConcurrency: 1 },
  };
  return {
    run: { plan, ref },
    gate: found,
    record: {
      runId: ref.id,
      migration: plan.migration,
      planHash: plan.hash,
      executionArn: "arn:aws:states:eu-central-1:1:execution:migration:friday",
      tables: ["crm/crm.contacts"],
      phase: "validate",
      startedAt: "2026-01-05T08:00:00.000Z",
      updatedAt: "2026-01-05T09:00:00.000Z",
      alarms: ["crm-errors"],
      startedBy: "arn:aws:sts::1:assumed-role/Lead/maria",
    },
    readings: [{ kind: "alarm", name: "crm-errors", value: "OK", threshold: "OK", status: "pass", reason: "" }],
    validation: FINDINGS,
    approval: {
      runId: ref.id,
      gate: name,
      planHash: plan.hash,
      requestedAt: "2026-01-05T09:00:00.000Z",
      deadline: "2026-01-08T09:00:00.000Z",
      selfApproval: questionOf(found)?.selfApproval ?? true,
    },
    ...facts,
  };
}

describe("what people are told who are asked to approve", () => {
  it("has every fact, and the exact commands to answer with", () => {
    const facts = factsOf("before_cutover");
    const { subject, body } = approvalRequest(facts);
    const hash = facts.run.plan.hash;
    expect(subject).toBe("Sluice: contact-acquisition-channel waits for your approval");
    expect(body.replaceAll(hash, "<hash>")).toMatchInlineSnapshot(`
      "Run friday waits at gate before_cutover for the decision of a person.

      What
        Rename column crm.contacts.lead_source to acquisition_channel
        Rename contacts.lead_source

      Where
        table crm.contacts of database crm: about 1,000,000 rows, 81,920,000 bytes

      Plan
        <hash>

      If you approve
        The cutover begins: its first step sends traffic to the new path.

      If you reject, or there is no answer in time
        The run is rolled back: all traffic is on the old path. No write is lost. What was expanded stays.

      How to undo
        Until contract starts, "npx sluice rollback friday" returns all traffic to the old path, and no write is lost. After that, "npx sluice undo friday" takes the new column away again.

      Validation
        1,000,000 rows compared: 3 differ, in 1 of 12 segments.

      What the gate read
        alarm crm-errors: OK

      Deadline
        2026-01-08T09:00:00.000Z

      Started by
        arn:aws:sts::1:assumed-role/Lead/maria

      Answer
        npx sluice approve friday --plan <hash> --gate before_cutover --reason "..."
        npx sluice reject friday --plan <hash> --gate before_cutover --reason "...""
    `);
  });

  it.each(GATES)("says at %s what comes next, and differs from what every other gate says", (name) => {
    const next = (gate: GateName): string =>
      /If you approve\n {2}(.*)/.exec(approvalRequest(factsOf(gate)).body)?.[1] ?? "";
    expect(next(name)).toMatch(/^(The|Expand) .*\.$/);
    expect(GATES.filter((other) => next(other) === next(name))).toEqual([name]);
  });

  it("says at the last gate that no rollback is possible after it", () => {
    expect(approvalRequest(factsOf("before_contract")).body).toContain("no rollback is possible then");
  });

  it("says that an answer between two steps counts for all of them", () => {
    expect(approvalRequest(factsOf("between_steps")).body).toContain("this is asked once in a run");
    expect(approvalRequest(factsOf("before_soak")).body).not.toContain("this is asked once in a run");
  });

  it("says who may not approve, what becomes of no answer, and what is not known", () => {
    const gate = { approval: { self_approval: false }, on_fail: "pause" };
    const facts = factsOf("before_expand", { gate, validation: undefined });
    const { startedBy: _, ...record } = facts.record;
    const { body } = approvalRequest({ ...facts, record });
    expect(body).toContain("The person who started the run may not approve it.");
    expect(body).toContain("Without an answer, the run is paused instead.");
    expect(body).toContain("None yet: nothing has been validated in this run.");
    expect(body).toContain(`Started by\n  not known: it was not started with "sluice start"`);
    expect(body).toContain("How to undo\n  Nothing is changed yet.");
  });

  it("says that a rollback loses data, where it does", () => {
    const facts = factsOf("before_cutover");
    const plan = { ...facts.run.plan, reversible: false };
    const { body } = approvalRequest({ ...facts, run: { ...facts.run, plan } });
    expect(body).not.toContain("no write is lost");
    expect(body.toLowerCase()).not.toContain("no write is lost");
    expect(body).toContain("a rollback loses data, as the migration acknowledges");
  });

  it("holds no link and nothing that could answer in a person's place", () => {
    const { body } = approvalRequest(factsOf("before_cutover"));
    expect(body).not.toMatch(/https?:/);
    expect(body).not.toMatch(/token/i);
    expect(body).not.toContain("arn:aws:states");
  });
});
