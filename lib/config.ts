import { readFileSync } from "node:fs";
import { z } from "zod";
import { ConfigurationInvalid } from "../core/errors.ts";

const arn = (service: string, shape: string, example: string) =>
  z.string().regex(new RegExp(`^arn:aws[a-z-]*:${service}:[a-z0-9-]+:\\d{12}:${shape}$`), {
    error: `an ARN such as "${example}"`,
  });

const database = z
  .strictObject({
    clusterArn: arn("rds", "cluster:[A-Za-z0-9-]+", "arn:aws:rds:eu-west-1:111122223333:cluster:crm"),
    secretArn: arn(
      "secretsmanager",
      "secret:[\\w/+=.@-]+",
      "arn:aws:secretsmanager:eu-west-1:111122223333:secret:crm-abc123",
    ),
    database: z.string().min(1),
    secretKmsKeyArn: arn("kms", "key/[\\w-]+", "arn:aws:kms:eu-west-1:111122223333:key/0d1e2f").optional(),
  })
  .readonly();

const configSchema = z
  .strictObject({
    /** Folder of migration files, relative to the folder that cdk runs in. */
    migrations: z.string().min(1),
    /** By the name that a migration's `database` gives. */
    databases: z
      .record(z.string().min(1), database)
      .refine((all) => Object.keys(all).length > 0, { error: "at least one database" }),
    /** Where a service is that is not at its AWS address: a Data API in front of a local PostgreSQL. */
    endpoints: z.strictObject({ rdsData: z.url().optional() }).prefault({}),
    /** Whether table, bucket and flags outlive the stack. False only for a stack that nobody will miss. */
    retain: z.boolean().default(true),
    /**
     * Minutes that AppConfig watches a migration's alarms for after each step of its cutover, before the step's soak
     * begins: an alarm that fires meanwhile takes the step back within seconds, whatever becomes of Sluice itself.
     */
    flagBakeMinutes: z.int().min(0).max(60).default(5),
    operatorEmails: z.array(z.email()).default([]),
    /** Whether each state machine's definition is published as a version, with the alias `live` on the newest. */
    stateMachineVersions: z.boolean().default(true),
  })
  .readonly();

/** The `sluice` key of cdk.json, defaults filled in. */
export type Config = z.output<typeof configSchema>;
/** Where a database is and how to sign in to it: one value of {@link Config.databases}. */
export type DatabaseConfig = z.output<typeof database>;

/**
 * Reads the context key `sluice`: the object itself, or the path of a JSON file that holds it
 * (`cdk deploy --context sluice=staging.json`), relative to the folder that cdk runs in.
 *
 * @throws ConfigurationInvalid naming every key that is wrong.
 */
export function readConfig(context: unknown): Config {
  const source = typeof context === "string" ? `configuration file "${context}"` : 'key "sluice" of cdk.json';
  const value = typeof context === "string" ? readJson(context, source) : context;
  const result = configSchema.safeParse(value ?? {});
  if (result.success) return result.data;
  throw new ConfigurationInvalid({
    object: source,
    problem: result.error.issues.map(describe).join("; "),
    remedy: "docs/deploy.md shows a complete one under “Configuration”",
  });
}

function describe(issue: z.core.$ZodIssue): string {
  const path = issue.path.map(String).join(".");
  return path === "" ? issue.message : `"${path}": ${issue.message}`;
}

function readJson(file: string, source: string): unknown {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch (cause) {
    throw new ConfigurationInvalid({
      object: source,
      problem: `cannot be read as JSON: ${String(cause)}`,
      remedy: "Name a JSON file, or put the object into cdk.json",
      cause,
    });
  }
}
