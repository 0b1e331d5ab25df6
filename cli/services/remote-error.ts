import { z } from "zod";
import * as errors from "../../core/errors.ts";

/** What went wrong in a function of the stack. Its name is that of a class of core/errors.ts, or of Lambda. */
export class RemoteError extends Error {
  constructor(
    override readonly name: string,
    readonly details: { readonly object: string; readonly problem: string; readonly remedy: string },
  ) {
    super(`${details.object}: ${details.problem}. ${details.remedy}`);
  }
}

/**
 * The body of a failed invocation. A time-out has no type on every runtime.
 *
 * Source: https://docs.aws.amazon.com/lambda/latest/dg/nodejs-exceptions.html
 */
const bodySchema = z.object({ errorType: z.string().optional(), errorMessage: z.string() });

/** `object: problem. remedy`, as core/errors.ts writes it: a remedy begins with a capital, and no object ends early. */
const MESSAGE = /^(?<object>.+?): (?<problem>.+?)\. (?<remedy>[A-Z\n].*)$/s;

/** The error of a failed invocation, in the three parts in which every error of ours is told. */
export function remoteError(functionArn: string, body: string): RemoteError {
  const { errorType, errorMessage } = bodySchema.safeParse(jsonOf(body)).data ?? { errorMessage: body };
  const name = errorType ?? "FunctionFailed";
  const { object, problem, remedy } = MESSAGE.exec(errorMessage)?.groups ?? {};
  const isOurs = Object.hasOwn(errors, name);
  if (isOurs && object !== undefined && problem !== undefined && remedy !== undefined) {
    return new RemoteError(name, { object, problem, remedy: remedy.trimStart() });
  }
  return new RemoteError(name, {
    object: `function "${functionArn.split(":").at(-1) ?? functionArn}"`,
    problem: `ended with ${name}: ${errorMessage}`,
    remedy: "See its log in CloudWatch; sluice status shows whether it took effect",
  });
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
