import { ConfigurationInvalid } from "../core/errors.ts";
import type { Terminal } from "./cli-context.ts";

export const YES_OPTION = ["-y, --yes", "do not ask"] as const;

/**
 * How a command asks before it changes anything: not at all with --yes.
 *
 * @throws ConfigurationInvalid where there is no terminal to ask on: silence is no confirmation.
 */
export function confirmation(
  { ask }: Pick<Terminal, "ask">,
  { command, yes = false }: { readonly command: string; readonly yes?: boolean | undefined },
): (question: string) => Promise<boolean> {
  if (yes) return () => Promise.resolve(true);
  if (ask !== undefined) return ask;
  throw new ConfigurationInvalid({
    object: command,
    problem: "asks before it changes anything, and there is no terminal to ask on",
    remedy: "Add --yes, or run it on a terminal",
  });
}
