import { type App, Validations } from "aws-cdk-lib";
import { AwsSolutionsChecks } from "cdk-nag";
import { readConfig } from "./config.ts";
import { readMigrations } from "./migrations.ts";
import { SluiceStack } from "./sluice-stack.ts";

/**
 * The stack of the context key `sluice`, checked by cdk-nag: a finding that nobody has acknowledged fails the synth.
 * The default synthesizer is right for AWS and for an emulator alike, once `cdk bootstrap` has run there.
 *
 * @throws ConfigurationInvalid, MigrationInvalid.
 */
export function addSluice(app: App): SluiceStack {
  const config = readConfig(app.node.tryGetContext("sluice"));
  const stack = new SluiceStack(app, "Sluice", { config, migrations: readMigrations(config) });
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  return stack;
}
