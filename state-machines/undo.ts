import { stateMachine } from "./asl.ts";
import { succeed } from "./fragments/ends.ts";
import { polledStep } from "./fragments/polled-step.ts";
import { step } from "./fragments/step.ts";

const claimed = { "claim.$": "$.claim" };

export const undo = stateMachine({
  comment: 'Removes the expanded schema of a rolled-back run. Start manually with {"run": "<execution name>"}',
  startAt: "ClaimUndo",
  fragments: [
    step("ClaimUndo", {
      comment: "Refused while any flag points at the new shape, or any run uses it; acquires the table lock",
      parameters: { "request.$": "$" },
      resultPath: "$.claim",
      next: "Undo",
    }),
    polledStep("Undo", { comment: "One DDL step under lock_timeout", parameters: claimed, next: "RecordUndo" }),
    step("RecordUndo", {
      comment: "Writes the ledger, releases the table lock, notifies operators",
      parameters: claimed,
      resultPath: "$.report",
      next: "Undone",
    }),
    succeed("Undone"),
  ],
});
