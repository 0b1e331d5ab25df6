import { Logger } from "@aws-lambda-powertools/logger";
import type { Context } from "aws-lambda";
import { z } from "zod";
import { runRefSchema, type Ports, type Run } from "../../core/run/run.ts";
import { portsFor } from "./ports.ts";

const logger = new Logger();

/** A handler of one Task state: parses its input, does its work, returns the result; logs both with the run. */
export function task<Schema extends z.ZodType, Result>(
  input: Schema,
  work: (event: z.output<Schema>) => Promise<Result>,
): (event: unknown, context: Context) => Promise<Result> {
  return async (event, context) => {
    logger.addContext(context);
    const parsed = input.parse(event);
    logger.info("step begins", { input: parsed as Record<string, unknown> });
    try {
      const result = await work(parsed);
      logger.info("step ends", { result });
      return result;
    } catch (error) {
      logger.error("step failed", error as Error);
      throw error;
    }
  };
}

/** A handler of a state that works on a run: its plan is read from the store by its hash. */
export function runTask<Shape extends z.ZodRawShape, Result>(
  shape: Shape,
  work: (ports: Ports, run: Run, event: z.output<z.ZodObject<Shape>>) => Promise<Result>,
): (event: unknown, context: Context) => Promise<Result> {
  const schema = z.object({ run: runRefSchema }).and(z.object(shape));
  return task(schema, async (event) => {
    const ports = portsFor(event.run.database);
    const plan = await ports.plans.get(event.run.planHash);
    return work(ports, { ref: event.run, plan }, event);
  });
}
