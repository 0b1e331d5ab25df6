import { Logger } from "@aws-lambda-powertools/logger";
import type { Context } from "aws-lambda";
import { z } from "zod";
import { ConfigurationInvalid } from "../../core/errors.ts";
import { runRefSchema, type Ports, type Run } from "../../core/run/run.ts";
import { registryPorts, portsFor } from "./ports.ts";

const logger = new Logger();

/** What a handler is given and no log may have: a callback token ends a wait, a proof is its caller's for a minute. */
const SECRETS: readonly string[] = ["token", "proof"];

type Handler<Result> = (event: unknown, context: Context) => Promise<Result>;

/** A handler of one Task state: parses its input, does its work, returns the result; logs both with the run. */
export function task<Schema extends z.ZodType, Result>(
  input: Schema,
  work: (event: z.output<Schema>) => Promise<Result>,
): Handler<Result> {
  return async (event, context) => {
    logger.addContext(context);
    const parsed = input.parse(event);
    logger.info("step begins", { input: withoutSecrets(parsed) });
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
): Handler<Result> {
  const schema = z.object({ run: runRefSchema }).and(z.object(shape));
  return task(schema, async (event) => {
    const ports = portsFor(event.run.database);
    const plan = await ports.plans.get(event.run.planHash);
    return work(ports, { ref: event.run, plan }, event);
  });
}

/** What every command brings along: who asks, and what about. */
const commandSchema = z.object({
  run: z.string().min(1).max(80),
  proof: z.object({ query: z.string() }),
});

type CommandInput<Shape extends z.ZodRawShape> = z.output<typeof commandSchema> & z.output<z.ZodObject<Shape>>;

/**
 * A handler that people call with the command line: no database, and an input that anybody may have written by hand.
 *
 * @throws ConfigurationInvalid where the input lacks something.
 */
export function command<Shape extends z.ZodRawShape, Result>(
  shape: Shape,
  work: (ports: Omit<Ports, "database">, request: CommandInput<Shape>) => Promise<Result>,
): Handler<Result> {
  const schema = commandSchema.and(z.object(shape));
  const handler = task(z.custom<CommandInput<Shape>>(), (request) => work(registryPorts, request));
  return async (event, context) => {
    const parsed = schema.safeParse(event);
    if (parsed.success) return handler(parsed.data, context);
    throw new ConfigurationInvalid({
      object: "the input of this function",
      problem: `is not what it takes (${parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`).join("; ")})`,
      remedy: "Call it by the command line of the version that the stack was deployed with",
    });
  };
}

function withoutSecrets(input: unknown): unknown {
  if (typeof input !== "object" || input === null) return input;
  return Object.fromEntries(Object.entries(input).filter(([key]) => !SECRETS.includes(key)));
}
