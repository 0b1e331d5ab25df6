import type { z } from "zod";
import { ServiceRefused } from "../../core/errors.ts";
import { type OperatorCommand, purpose } from "../../core/run/operator/purpose.ts";
import { type Services, stackOutput } from "./services.ts";

/** The output of the stack that has the ARN of a command's function. */
const OUTPUTS: Readonly<Record<OperatorCommand, string>> = {
  start: "StartFunction",
  approve: "ApproveFunction",
  reject: "RejectFunction",
  pause: "PauseFunction",
  resume: "ResumeFunction",
};

/** The operator's request; what is undefined is not sent. */
export type OperatorRequest = Readonly<Record<string, string | undefined>>;

export interface Operation<Schema extends z.ZodType> {
  readonly command: OperatorCommand;
  readonly request: OperatorRequest;
  /** What the function answers with. */
  readonly answer: Schema;
}

/**
 * Invokes the function of the stack for this command: it identifies its caller by a proof that is made
 * for this request alone, and IAM says who may call it.
 */
export async function operate<Schema extends z.ZodType>(
  services: Services,
  { command, request, answer }: Operation<Schema>,
): Promise<z.output<Schema>> {
  const functionArn = stackOutput(await services.stack(), OUTPUTS[command]);
  const proof = await services.proof(purpose(command, request));
  const answered = answer.safeParse(await services.functions().invoke(functionArn, { ...request, proof }));
  if (answered.success) return answered.data;
  throw new ServiceRefused({
    object: `function "${functionArn}"`,
    problem: "answered with something that this version does not know",
    remedy: "Deploy the stack from this version, or use the version that it was deployed from",
    cause: answered.error,
  });
}
