/**
 * Synthesizes the stack without bundling and checks its template with cfn-lint, which it installs into a private
 * virtual environment first. Ends with cfn-lint's own status: 0 where it found nothing.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { App } from "aws-cdk-lib";
import { addSluice } from "../lib/sluice-app.ts";
import { virtualEnvironment } from "../local/python.ts";

const CFN_LINT = "1.58.0";
const REQUIREMENTS = fileURLToPath(new URL("lint-template-requirements.txt", import.meta.url));
/** The template is the same everywhere; one region of each kind of endpoint and age is enough. */
const REGIONS = ["us-east-1", "eu-west-1", "eu-central-2"];
/** The environment's own `cfn-lint` script has the path of the folder in it in which the environment was made. */
const MAIN = "import sys; from cfnlint.runner import main; sys.exit(main())";
/** Checks that are wrong here, and why. */
const IGNORED = {
  E3601: "Knows no OutputPath of a Succeed state, which the language has; asl-validator checks the definitions",
  W3005: "CDK writes DependsOn for a role next to the reference to it, on purpose: the role's policy comes with it",
};

const folder = mkdtempSync(join(tmpdir(), "sluice-template-"));
try {
  const python = await virtualEnvironment({
    folder: join(".cache", `cfn-lint-${CFN_LINT}`),
    requirements: REQUIREMENTS,
    onInstall: () => process.stdout.write(`Installing cfn-lint ${CFN_LINT} into .cache (once) ...\n`),
  });
  const lint = ["--ignore-checks", ...Object.keys(IGNORED), "--regions", ...REGIONS, "--", template(folder)];
  const { status } = spawnSync(python, ["-c", MAIN, ...lint], { stdio: "inherit" });
  process.exitCode = status ?? 1;
} finally {
  rmSync(folder, { recursive: true });
}

/** Path of the template: the configuration of cdk.json, with what only the command line would add. */
function template(outdir: string): string {
  const { context } = JSON.parse(readFileSync("cdk.json", "utf8")) as { readonly context: Record<string, unknown> };
  const app = new App({ outdir, context: { ...context, "aws:cdk:bundling-stacks": [] } });
  const stack = addSluice(app);
  app.synth();
  return join(outdir, stack.templateFile);
}
