import type { Command } from "commander";
import type { CliContext } from "./cli-context.ts";
import { command, JSON_OPTION } from "./command.ts";
import { confirmation, YES_OPTION } from "./confirm.ts";
import { EXIT } from "./exit-code.ts";
import { jsonText } from "./output/json-text.ts";

interface DeployOptions {
  readonly yes?: true;
  readonly context: readonly string[];
  readonly json?: true;
}

/** `sluice deploy` */
export function deployCommand(context: CliContext): Command {
  return command({
    name: "deploy",
    summary: "deploy the stack and the migrations with it",
    description:
      "Shows what would change in the account (cdk diff), asks, and deploys (cdk deploy). Runs that are going on " +
      "keep the definition and the plan that they started with.",
    examples: [
      { line: "sluice deploy", meaning: "show the changes, ask, deploy" },
      { line: "sluice deploy --yes", meaning: "do not ask: for a pipeline" },
      { line: "sluice deploy --context sluice=staging.json", meaning: "with another configuration" },
      { line: "sluice deploy -- --profile production", meaning: "what follows -- goes to the CDK CLI" },
    ],
  })
    .argument("[cdk-options...]", "further options of the CDK CLI, after --")
    .option(...YES_OPTION)
    .option("-c, --context <key=value>", "context for the CDK app; may be repeated", collect, [])
    .option(...JSON_OPTION)
    .action((cdkOptions: readonly string[], options: DeployOptions) => deploy(context, cdkOptions, options));
}

function collect(value: string, previous: readonly string[]): readonly string[] {
  return [...previous, value];
}

async function deploy(context: CliContext, cdkOptions: readonly string[], options: DeployOptions): Promise<void> {
  const { terminal } = context;
  const services = await context.services({});
  const ask = confirmation(terminal, { command: "sluice deploy", yes: options.yes });
  const common = [...options.context.flatMap((each) => ["--context", each]), ...cdkOptions];
  const cdk = async (...args: readonly string[]): Promise<boolean> => {
    const succeeded = (await services.cdk([...args, ...common])) === 0;
    if (!succeeded) context.exit(EXIT.failed);
    return succeeded;
  };
  if (!(await cdk("diff"))) return;
  if (!(await ask("Deploy these changes?"))) {
    terminal.writeError("nothing was deployed\n");
    return;
  }
  // The changes were shown and agreed to, those of permissions among them; the CDK CLI need not ask again.
  if (!(await cdk("deploy", "--require-approval", "never"))) return;
  if (options.json) terminal.write(jsonText({ outputs: (await services.stack()).all }));
}
