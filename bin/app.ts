import { App } from "aws-cdk-lib";
import { SluiceError } from "../core/errors.ts";
import { addSluice } from "../lib/sluice-app.ts";

try {
  addSluice(new App());
} catch (error) {
  if (!(error instanceof SluiceError)) throw error;
  // What is wrong with which file is all in it; a trace would hide that from whoever deploys.
  process.stderr.write(`${error.name}: ${error.message}\n`);
  process.exitCode = 1;
}
