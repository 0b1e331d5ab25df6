import { stateMachine } from "./asl.ts";
import { catchAll } from "./fragments/catchers.ts";
import { succeed } from "./fragments/ends.ts";
import { polledStep } from "./fragments/polled-step.ts";
import { step } from "./fragments/step.ts";

const claimed = { "claim.$": "$.claim" };

export const rollback = stateMachine({
  comment: 'Returns all traffic to the old path. Start manually with {"run": "<execution name>"}',
  startAt: "ClaimRollback",
  fragments: [
    step("ClaimRollback", {
      comment: "Compare-and-set on the run's phase: a run that contract has claimed cannot be rolled back",
      parameters: { "request.$": "$" },
      resultPath: "$.claim",
      next: "StopRun",
    }),
    step("StopRun", {
      comment: "Stops the run's execution if it still runs; the claim fences it off, so traffic returns if this fails",
      parameters: claimed,
      catches: [catchAll("ReturnTraffic", "$.stop")],
      next: "ReturnTraffic",
    }),
    polledStep("ReturnTraffic", {
      comment: "Removes the alarm monitors, stops a deployment in flight, deploys the old path without a bake",
      parameters: claimed,
      next: "RecordRollback",
    }),
    step("RecordRollback", {
      comment:
        "Releases the table lock, notifies operators, writes the ledger if the database answers; each on its own",
      parameters: claimed,
      resultPath: "$.report",
      next: "RolledBack",
    }),
    succeed("RolledBack"),
  ],
});
