import { z } from "zod";
import { NotFound } from "../../core/errors.ts";

const databasesSchema = z.record(
  z.string(),
  z.object({ clusterArn: z.string(), secretArn: z.string(), database: z.string() }),
);

/** How a database of the configuration is reached through the Data API. */
export type DatabaseAddress = z.infer<typeof databasesSchema>[string];

type Key =
  | "SLUICE_REGISTRY_TABLE"
  | "SLUICE_PLAN_BUCKET"
  | "SLUICE_FLAG_APPLICATION"
  | "SLUICE_STRATEGY_STEPWISE"
  | "SLUICE_STRATEGY_IMMEDIATE"
  | "SLUICE_MONITOR_ROLE_ARN"
  | "SLUICE_ALARM_ARN_PREFIX"
  | "SLUICE_MIGRATION_MACHINE_ARN"
  | "SLUICE_ROLLBACK_MACHINE_ARN"
  | "SLUICE_TOPIC_ARN"
  | "SLUICE_DATABASES"
  | "SLUICE_MIGRATIONS"
  | "LAMBDA_TASK_ROOT";

/** @throws NotFound where the variable is not set: the handler lacks something that the stack should have given it. */
export function environmentVariable(key: Key): string {
  const value = process.env[key];
  if (value !== undefined && value !== "") return value;
  throw new NotFound({
    object: `environment variable ${key}`,
    problem: "is not set for this function",
    remedy: "Deploy the stack again; lib/handlers.ts says which function gets which",
  });
}

/** @throws NotFound where the configuration names no such database. */
export function databaseAddress(name: string): DatabaseAddress {
  const databases = databasesSchema.parse(JSON.parse(environmentVariable("SLUICE_DATABASES")));
  const address = databases[name];
  if (address) return address;
  throw new NotFound({
    object: `database "${name}"`,
    problem: `is not configured; there are ${Object.keys(databases).join(", ")}`,
    remedy: "Name it in cdk.json under sluice.databases and deploy",
  });
}
