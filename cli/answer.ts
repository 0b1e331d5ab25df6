import { z } from "zod";
import type { CliContext } from "./cli-context.ts";
import { jsonText } from "./output/json-text.ts";
import { type Operation, operate } from "./services/operator.ts";
import type { Services } from "./services/services.ts";

/** What the answers of the functions that decide and pause have in common: a sentence for the operator. */
const answerSchema = z.looseObject({ message: z.string() });

/** Invokes the stack's function, and writes its answer. */
export async function tellAnswer(
  { terminal }: CliContext,
  services: Services,
  {
    json = false,
    ...operation
  }: Omit<Operation<typeof answerSchema>, "answer"> & { readonly json?: boolean | undefined },
): Promise<void> {
  const answer = await operate(services, { ...operation, answer: answerSchema });
  const { style } = terminal.layout;
  terminal.write(json ? jsonText(answer) : `${style.green("✓")} ${answer.message}\n`);
}
