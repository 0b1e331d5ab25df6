import { App } from "aws-cdk-lib";
import { Template } from "aws-cdk-lib/assertions";
import { readConfig, type Config } from "../../lib/config.ts";
import { readMigrations } from "../../lib/migrations.ts";
import { SluiceStack } from "../../lib/sluice-stack.ts";

/** No handler is bundled: these tests are of the template, and bundling takes seconds. */
export const WITHOUT_BUNDLING = { "aws:cdk:bundling-stacks": [] };

export const CLUSTER = "arn:aws:rds:eu-west-1:111122223333:cluster:crm";
export const SECRET = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:crm-AbCdEf";
export const CONFIG = {
  migrations: "examples/migrations",
  databases: { crm: { clusterArn: CLUSTER, secretArn: SECRET, database: "crm" } },
};

/** The template of the whole stack, with `config` laid over a plain configuration. */
export function synthesized(config: Partial<Record<keyof Config, unknown>> = {}): Template {
  const read = readConfig({ ...CONFIG, ...config });
  const app = new App({ context: WITHOUT_BUNDLING });
  return Template.fromStack(new SluiceStack(app, "Sluice", { config: read, migrations: readMigrations(read) }));
}

export interface Statement {
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
  readonly Condition?: unknown;
}

export interface Resource {
  readonly Properties: Readonly<Record<string, never>>;
  readonly DeletionPolicy?: string;
}

export const list = <T>(value: T | readonly T[]): readonly T[] => (Array.isArray(value) ? value : [value as T]);

/** Statements of the inline policies of the roles whose logical id matches. */
export function statements(template: Template, role: RegExp): readonly Statement[] {
  const policies = Object.values(template.findResources("AWS::IAM::Policy")) as unknown as readonly {
    readonly Properties: {
      readonly Roles: readonly { readonly Ref: string }[];
      readonly PolicyDocument: { readonly Statement: readonly Statement[] };
    };
  }[];
  return policies
    .filter(({ Properties }) => Properties.Roles.some(({ Ref }) => role.test(Ref)))
    .flatMap(({ Properties }) => Properties.PolicyDocument.Statement);
}
