import { Construct } from "constructs";
import type { Resources } from "./grants.ts";
import { HANDLERS, pascalCase } from "./handlers.ts";
import { StepLambda } from "./step-lambda.ts";

export interface StepLambdasProps {
  readonly resources: Resources;
  readonly migrationFiles: readonly string[];
}

/** Every step, by the name that the state machines have for it. */
export class StepLambdas extends Construct {
  readonly steps: ReadonlyMap<string, StepLambda>;

  constructor(scope: Construct, id: string, props: StepLambdasProps) {
    super(scope, id);
    this.steps = new Map(
      HANDLERS.map((handler) => {
        const name = pascalCase(handler.file);
        return [name, new StepLambda(this, name, { handler, ...props })] as const;
      }),
    );
  }
}
