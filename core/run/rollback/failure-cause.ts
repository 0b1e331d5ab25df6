import { z } from "zod";

const answerSchema = z.object({ errorMessage: z.string() });

/**
 * What the cause of a failed state says to people. Of a function Step Functions hands on its whole answer, which is
 * JSON with the message and the trace; of itself it writes a sentence.
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
