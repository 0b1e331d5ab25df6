import { setImmediate } from "node:timers/promises";
import { parseArgs } from "node:util";
import { styleOf, wantsColour } from "../../cli/output/style.ts";
import { SluiceError } from "../../core/errors.ts";
import { Interrupted, interruption } from "../../local/interruption.ts";
import { LOCAL_DIRECTORY } from "../../local/local-state.ts";
import { demonstrate, type DemoOptions } from "./demonstrate.ts";
import { Screen } from "./screen.ts";

const USAGE = `npm run demo -- [--contacts N] [--rate N] [--keep] [--json] [--directory D]

Renames a column of a CRM under live traffic, on this machine alone: PostgreSQL, an AWS emulator, Sluice's own stack
deployed to it, an application that reads and writes all the while. Ends with what happened, and with exit code 1 if
a request failed, a write was lost or a row differs.

  --contacts N   rows of the table (default 500000)
  --rate N       the application's requests a second (default 200)
  --keep         leave it all running at the end, until Ctrl-C
  --json         the report as JSON on standard output; progress goes to standard error
  --directory D  where the stack keeps its files (default .cache/local); two demos at once need two
`;

const MAX_CONTACTS = 50_000_000;

/** @returns the exit code. */
async function main(): Promise<number> {
  const screen = new Screen(process.stderr, styleOf(wantsColour(process.stderr.isTTY, process.env)));
  const options = optionsOf(process.argv.slice(2));
  if (typeof options === "string") {
    screen.say(options);
    return 2;
  }
  const signal = interruption();
  try {
    return (await demonstrate({ ...options, screen, signal })) ? 0 : 1;
  } catch (error) {
    // A child that the same Ctrl-C reached may fail before this process has heard of it.
    await setImmediate();
    const reason: unknown = signal.aborted ? signal.reason : error;
    if (!(reason instanceof Interrupted)) return failed(error, screen);
    screen.say("Interrupted; nothing is left running.");
    return reason.exitCode;
  }
}

/** The options, or what is wrong with them. */
function optionsOf(args: readonly string[]): DemoOptions | string {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        contacts: { type: "string", default: "500000" },
        rate: { type: "string", default: "200" },
        keep: { type: "boolean", default: false },
        json: { type: "boolean", default: false },
        directory: { type: "string", default: LOCAL_DIRECTORY },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    const [contacts, rate] = [Number(values.contacts), Number(values.rate)];
    if (values.help) return USAGE;
    if (!Number.isInteger(contacts) || contacts < 1_000 || contacts > MAX_CONTACTS) {
      return `--contacts ${values.contacts}: give a whole number from 1000 to ${String(MAX_CONTACTS)}\n\n${USAGE}`;
    }
    if (!(rate > 0 && rate <= 2_000)) return `--rate ${values.rate}: give a number up to 2000\n\n${USAGE}`;
    const { keep, json, directory } = values;
    return { contacts, rate, keep, json, directory };
  } catch (error) {
    return `${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`;
  }
}

function failed(error: unknown, screen: Screen): number {
  const expected = error instanceof SluiceError && process.env["SLUICE_DEBUG"] === undefined;
  const text = error instanceof Error ? (expected ? error.message : (error.stack ?? error.message)) : String(error);
  screen.say(screen.style.red(text));
  return 1;
}

// Says nothing about this demo, and comes in the middle of it.
process.env["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"] = "true";
const code = await main();
// Timers and sockets of what was abandoned at Ctrl-C would hold the process; all that it started ends with it.
process.exit(code);
