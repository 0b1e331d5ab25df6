import type { States } from "../asl.ts";
import { catchAll, ROLL_BACK } from "./catchers.ts";
import { step } from "./step.ts";
import { workerPool } from "./worker-pool.ts";

export interface ValidationProps {
  /** Which of the two validations of a run: their readings are kept apart in the ledger. */
  readonly job: "validate-before-cutover" | "validate-before-contract";
  /** Ends the states' names. @default none */
  readonly suffix?: string;
  readonly shards: string;
  readonly shardsComment: string;
  readonly workersComment: string;
  readonly resultComment: string;
  /** Where it leads once the validation has passed. */
  readonly next: string;
}

/** Workers compare every row of both sides; then one step reads whether what they found is within the plan's limit. */
export function validation({ job, suffix = "", ...props }: ValidationProps): States {
  const result = `ValidationResult${suffix}`;
  return {
    ...workerPool({
      shards: props.shards,
      shardsComment: props.shardsComment,
      needed: `ValidationNeeded${suffix}`,
      workers: `ValidationWorkers${suffix}`,
      workersComment: props.workersComment,
      worker: `Validate${suffix}`,
      lambda: "Validate",
      workersGetJob: true,
      callbackName: `WaitForCallbackInValidation${suffix}`,
      plan: "$.run.validation",
      job,
      next: result,
    }),
    ...step(result, {
      comment: props.resultComment,
      lambda: "ValidationResult",
      parameters: { "run.$": "$.run", job },
      catches: [catchAll(ROLL_BACK)],
      next: props.next,
    }),
  };
}
