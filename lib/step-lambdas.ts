import { Construct } from "constructs";
import type { Resources } from "./grants.ts";
import { ALARM_HANDLER, COMMAND_HANDLERS, type Handler, HANDLERS, pascalCase } from "./handlers.ts";
import { StepLambda } from "./step-lambda.ts";

export interface StepLambdasProps {
  readonly resources: Resources;
  readonly migrationFiles: readonly string[];
}

/** Every handler of `lambdas/`, by its name in PascalCase. */
export class StepLambdas extends Construct {
  /** By the name that the state machines have for it. */
  readonly steps: ReadonlyMap<string, StepLambda>;
  /** What people call. */
  readonly commands: ReadonlyMap<string, StepLambda>;
  /** What an alarm calls. */
  readonly alarmHandler: StepLambda;

  constructor(scope: Construct, id: string, props: StepLambdasProps) {
    super(scope, id);
    const lambda = (handler: Handler) => new StepLambda(this, pascalCase(handler.file), { handler, ...props });
    const byName = (handlers: readonly Handler[]) =>
      new Map(handlers.map((handler) => [pascalCase(handler.file), lambda(handler)] as const));
    this.steps = byName(HANDLERS);
    this.commands = byName(COMMAND_HANDLERS);
    this.alarmHandler = lambda(ALARM_HANDLER);
  }
}
