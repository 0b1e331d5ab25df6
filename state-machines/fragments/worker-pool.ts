import type { DistributedMap, States } from "../asl.ts";
import { callbackWait } from "./callback-wait.ts";
import { catchAll, ROLL_BACK } from "./catchers.ts";
import { choice, wait, whenStatus } from "./flow.ts";
import { step } from "./step.ts";

/**
 * Turns of one child: each is about 11 events of the 25,000 that an execution may have, so half of that is left for
 * retries.
 */
const MAX_TURNS = 1_500;

export interface WorkerPoolProps {
  /** The step that creates the shards, and says whether any is left. */
  readonly shards: string;
  readonly shardsComment: string;
  /** The choice whether workers are needed. */
  readonly needed: string;
  readonly neededComment?: string;
  readonly workers: string;
  readonly workersComment: string;
  /** The step of a worker, and the prefix of the states around it. */
  readonly worker: string;
  /** The worker's Lambda function. @default the step's name */
  readonly lambda?: string;
  readonly callbackName: string;
  /** Where the plan has the `workers` and the `maxConcurrency`, which is never 0. */
  readonly plan: string;
  /** Which work the shards are of. */
  readonly job: string;
  /** Whether the Lambda function does several jobs and has to be given this one. @default false */
  readonly workersGetJob?: boolean;
  /** Where it leads once no shard is left. */
  readonly next: string;
}

/**
 * Work that many workers share. The shards step runs before the workers and after each Map Run, which may end with work
 * left: workers that were paused or reached their last turn, or blocks that were added meanwhile.
 */
export function workerPool(props: WorkerPoolProps): States {
  const { shards, needed, workers, callbackName, neededComment } = props;
  return {
    ...step(shards, {
      comment: props.shardsComment,
      lambda: "Shards",
      parameters: { "run.$": "$.run", job: props.job },
      catches: [catchAll(ROLL_BACK)],
      next: needed,
    }),
    ...choice(needed, {
      comment: neededComment,
      choices: [whenStatus("done", props.next), whenStatus("callback", callbackName)],
      otherwise: workers,
    }),
    [workers]: workersMap(props),
    ...callbackWait(callbackName, { next: shards }),
  };
}

function workersMap(props: WorkerPoolProps): DistributedMap {
  return {
    Type: "Map",
    Comment: props.workersComment,
    Label: props.workers,
    ItemsPath: `${props.plan}.workers`,
    ItemSelector: {
      "run.$": "$.run",
      "worker.$": "$$.Map.Item.Value",
      turns: { made: 0 },
      ...(props.workersGetJob && { job: props.job }),
    },
    MaxConcurrencyPath: `${props.plan}.maxConcurrency`,
    ItemProcessor: {
      ProcessorConfig: { Mode: "DISTRIBUTED", ExecutionType: "STANDARD" },
      StartAt: props.worker,
      States: workerStates(props),
    },
    ResultPath: null,
    Catch: [catchAll(ROLL_BACK)],
    Next: props.shards,
  };
}

/** A child's failure is its Map's, so that its step is as patient as one that rolls the run back itself. */
function workerStates({ worker, lambda, workersGetJob }: WorkerPoolProps): States {
  const [progress, waiting, turn, done] = [`${worker}Progress`, `${worker}Wait`, `${worker}Turn`, `${worker}Done`];
  return {
    ...step(worker, {
      comment: "Processes batches for one slice of time",
      lambda,
      parameters: { "run.$": "$.run", "worker.$": "$.worker", ...(workersGetJob && { "job.$": "$.job" }) },
      timeoutSeconds: 900,
      failureRollsBack: true,
      next: progress,
    }),
    ...choice(progress, {
      choices: [
        whenStatus("done", done),
        whenStatus("callback", done),
        { Variable: "$.turns.made", NumericGreaterThanEquals: MAX_TURNS, Next: done },
        whenStatus("wait", waiting),
      ],
      otherwise: turn,
    }),
    ...wait(waiting, { next: turn }),
    [turn]: {
      Type: "Pass",
      Comment: "A turn is about 11 events of the 25,000 that a child may have; the next Map Run continues",
      Parameters: { "made.$": "States.MathAdd($.turns.made, 1)" },
      ResultPath: "$.turns",
      Next: worker,
    },
    [done]: { Type: "Pass", Parameters: { "worker.$": "$.worker" }, End: true },
  };
}
