import { ConfigurationInvalid } from "../core/errors.ts";
import type { Terminal } from "./cli-context.ts";

export const YES_OPTION = ["-y, --yes", "do not ask"] as const;

/**
 * How a command asks before it changes anything: not at all, where that was said.
 *
 * @throws ConfigurationInvalid where nobody can answer: that is not a yes.
 */
export function confirmation(
  { ask }: Pick<Terminal, "ask">,
  { command, yes = false }: { readonly command: string; readonly yes?: boolean | undefined },
): (question: string) => Promise<boolean> {
  if (yes) return () => Promise.resolve(true);
  if (ask !== undefined) return ask;
  throw new ConfigurationInvalid({
    object: command,
    problem: "asks before it changes anything, and nobody can answer here",
    remedy: "Add --yes, or run it on a terminal",
  });
}
