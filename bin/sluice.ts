import { processContext } from "../cli/process-context.ts";
import { runCli } from "../cli/run-cli.ts";

process.exitCode = await runCli(process.argv.slice(2), processContext());
