import { z } from "zod";

const answerSchema = z.object({ errorMessage: z.string() });

/**
 * The message in the cause of a failed state, for operators. Of a failed function Step Functions passes on the whole
 * answer, which is JSON with the message and the trace; of an error of its own it writes a sentence.
 *
 * Source: https://docs.aws.amazon.com/lambda/latest/dg/nodejs-exceptions.html
 */
export function causeText(cause: string): string {
  return answerSchema.safeParse(jsonOf(cause)).data?.errorMessage ?? cause;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
