import { z } from "zod";
import { ServiceException } from "./service-exception.ts";

/** SQL text of one call, in characters. */
const MAX_SQL_CHARACTERS = 65_536;

const field = z.object({
  isNull: z.boolean().nullish(),
  booleanValue: z.boolean().nullish(),
  longValue: z.number().nullish(),
  doubleValue: z.union([z.number(), z.enum(["NaN", "Infinity", "-Infinity"])]).nullish(),
  stringValue: z.string().nullish(),
  blobValue: z.string().nullish(),
  arrayValue: z.unknown().optional(),
});

const parameter = z.object({
  name: z.string(),
  value: field.nullish(),
  typeHint: z.enum(["DATE", "DECIMAL", "JSON", "TIME", "TIMESTAMP", "UUID"]).nullish(),
});

const cluster = z.object({ resourceArn: z.string(), secretArn: z.string() });
const place = cluster.extend({ database: z.string().nullish(), schema: z.string().nullish() });
const statement = place.extend({
  sql: z
    .string()
    .min(1)
    .refine((sql) => sql.length <= MAX_SQL_CHARACTERS, {
      message: `Member must have length less than or equal to ${String(MAX_SQL_CHARACTERS)}`,
    }),
  transactionId: z.string().nullish(),
});

export const beginTransactionRequest = place;
export const endTransactionRequest = cluster.extend({ transactionId: z.string() });
export const executeRequest = statement.extend({
  parameters: z.array(parameter).nullish(),
  includeResultMetadata: z.boolean().nullish(),
  continueAfterTimeout: z.boolean().nullish(),
  resultSetOptions: z
    .object({
      decimalReturnType: z.enum(["STRING", "DOUBLE_OR_LONG"]).nullish(),
      longReturnType: z.enum(["STRING", "LONG"]).nullish(),
    })
    .nullish(),
  formatRecordsAs: z.enum(["NONE", "JSON"]).nullish(),
});
export const batchExecuteRequest = statement.extend({ parameterSets: z.array(z.array(parameter)).nullish() });

export type SqlParameter = z.infer<typeof parameter>;
export type Field = z.infer<typeof field>;
export type ClusterRequest = z.infer<typeof cluster>;
export type PlaceRequest = z.infer<typeof place>;
export type StatementRequest = z.infer<typeof statement>;
export type ExecuteRequest = z.infer<typeof executeRequest>;
export type EndTransactionRequest = z.infer<typeof endTransactionRequest>;

/**
 * Reads a request's body.
 *
 * @throws ServiceException ValidationException, in the words of the service's own validation.
 */
export function parseRequest<T>(schema: z.ZodType<T>, body: unknown): T {
  const parsed = schema.safeParse(body);
  if (!parsed.success) {
    const issues = parsed.error.issues;
    const list = issues.map(
      (issue) => `Value at '${issue.path.join(".")}' failed to satisfy constraint: ${issue.message}`,
    );
    const count = `${String(issues.length)} validation error${issues.length === 1 ? "" : "s"} detected`;
    throw new ServiceException("ValidationException", `${count}: ${list.join("; ")}`);
  }
  const schemaParameter = z.object({ schema: z.string().min(1) }).safeParse(body);
  if (schemaParameter.success) {
    throw new ServiceException("ValidationException", "The schema parameter isn't supported");
  }
  return parsed.data;
}
