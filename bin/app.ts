import { App } from "aws-cdk-lib";
import { addSluice } from "../lib/sluice-app.ts";

addSluice(new App());
