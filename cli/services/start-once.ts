import { ServiceRefused } from "../../core/errors.ts";
import { executionArn } from "./execution-arn.ts";
import type { StartProps, StateMachines } from "./state-machines.ts";

/** Names that are tried; Step Functions keeps each for 90 days. */
const MAX_ATTEMPTS = 50;

/**
 * Starts an execution of which a run has one at a time, and one that succeeds: finds the one that is in progress or done.
 * Where that one failed, another is started under a further name, which is the same one for two callers at once.
 *
 * @param nameOf the name of the n-th try, from 1.
 * @returns its ARN.
 * @throws ServiceRefused where every try has failed.
 */
export async function startOnce(
  machines: StateMachines,
  { stateMachineArn, input }: Omit<StartProps, "name">,
  nameOf: (attempt: number) => string,
): Promise<string> {
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
    const name = nameOf(attempt);
    const started = await machines.start({ stateMachineArn, input, name });
    if (started !== undefined) return started;
    const arn = executionArn(stateMachineArn, name);
    const { status } = await machines.describe(arn);
    if (status !== "FAILED" && status !== "TIMED_OUT" && status !== "ABORTED") return arn;
  }
  throw new ServiceRefused({
    object: `execution "${nameOf(1)}"`,
    problem: `has failed, and so have ${String(MAX_ATTEMPTS - 1)} further tries`,
    remedy: "See the newest one in the Step Functions console and fix its cause",
  });
}
