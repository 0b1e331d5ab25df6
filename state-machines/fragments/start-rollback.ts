import { integrationArn, type States, type Task } from "../asl.ts";
import { serviceRetry } from "../retry-policy.ts";
import { ROLL_BACK } from "./catchers.ts";
import { step } from "./step.ts";

/**
 * Starts the rollback state machine. The execution's name allows one rollback per run; where there is one by that name,
 * a Lambda function reads whether it failed, and starts another.
 *
 * @param next Where it leads once a rollback has been started.
 */
export function startRollback(next: string): States {
  const again = `${ROLL_BACK}Again`;
  return {
    [ROLL_BACK]: startTask({ again, next }),
    ...step(again, {
      comment:
        "An execution of that name exists: it runs, succeeded, or failed (requested before the run registry had the run), and then another is started",
      parameters: { request: { "run.$": "$.run.id", "error.$": "$.error" } },
      resultPath: "$.rollback",
      next,
    }),
  };
}

function startTask({ again, next }: { readonly again: string; readonly next: string }): Task {
  const exists = "StepFunctions.ExecutionAlreadyExistsException";
  const catches = [{ ErrorEquals: [exists], ResultPath: "$.rollback", Next: again }];
  return {
    Type: "Task",
    Comment: "Starts the rollback state machine; the execution's name allows one rollback per run",
    Resource: integrationArn("states:startExecution"),
    Parameters: {
      StateMachineArn: "${RollbackStateMachine}",
      "Name.$": "States.Format('rollback-{}', $.run.id)",
      Input: { "run.$": "$.run.id", "error.$": "$.error" },
    },
    ResultPath: "$.rollback",
    Retry: serviceRetry(catches),
    Catch: catches,
    Next: next,
  };
}
