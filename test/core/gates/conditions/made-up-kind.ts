import { z } from "zod";
import { type ConditionPlan, defineCondition } from "../../../../core/gates/conditions/condition.ts";

interface QueuePlan extends ConditionPlan {
  readonly kind: "queue";
  readonly atMost: number;
}

/** What the made-up queue has at present; undefined where it does not answer. */
export const QUEUE: { length: number | undefined } = { length: 0 };

/** A kind of condition that the product does not have. */
export const queue = defineCondition({
  key: "queue",
  kind: "queue",
  schema: z.strictObject({ at_most: z.int().min(0) }).describe("Length of the made-up queue"),
  plan: (declared): readonly QueuePlan[] =>
    declared ? [{ kind: "queue", name: "made-up", atMost: declared.at_most }] : [],
  planText: ({ atMost }) => ["queue", `at most ${String(atMost)} messages`],
  read: (_, planned) =>
    Promise.resolve(
      planned.map(({ atMost }) => {
        const about = { name: "made-up", threshold: `at most ${String(atMost)}` };
        if (QUEUE.length === undefined) {
          return { ...about, value: "unreadable", status: "wait", reason: "the queue does not answer" };
        }
        const value = String(QUEUE.length);
        return QUEUE.length <= atMost
          ? { ...about, value, status: "pass", reason: "" }
          : { ...about, value, status: "wait", reason: `the queue has ${value}` };
      }),
    ),
  statusText: ({ value, threshold }) => `queue with ${value} messages, ${threshold}`,
  rollbackAlarms: () => ["queue-alarm"],
  probe: { of: "stack", ask: () => Promise.resolve(QUEUE.length) },
  checks: [
    {
      name: "gate-queue",
      refusesOrWarns: "Refuses a queue that does not answer.",
      check: ({ probes }, { ok, refuse }) =>
        probes.map(({ gate, condition, outcome }) => {
          const object = `gate ${gate} "${condition.name ?? ""}"`;
          return outcome.kind === "read" && outcome.value !== undefined
            ? ok(object, `has ${String(outcome.value)} of ${String(condition.atMost)}`)
            : refuse({ object, message: "does not answer", remedy: "Repair the queue" });
        }),
    },
  ],
});
