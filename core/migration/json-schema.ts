import { z } from "zod";
import { migrationSchema } from "./schema.ts";

/** The part of JSON Schema 2020-12 that zod writes for {@link migrationSchema}. */
export interface JsonSchema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly propertyNames?: JsonSchema;
  readonly additionalProperties?: boolean | JsonSchema;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly pattern?: string;
}

let written: JsonSchema | undefined;

/** JSON Schema of the migration file as a person writes it: defaults optional, durations as text. */
export function migrationJsonSchema(): JsonSchema {
  written ??= z.toJSONSchema(migrationSchema, { io: "input" }) as JsonSchema;
  return written;
}

/** The schema of the value at a path (keys and list indexes); undefined where the schema has no such place. */
export function schemaAt(path: readonly PropertyKey[], root = migrationJsonSchema()): JsonSchema | undefined {
  return path.reduce<JsonSchema | undefined>((schema, key) => schema && member(schema, key), root);
}

function member(schema: JsonSchema, key: PropertyKey): JsonSchema | undefined {
  if (typeof key === "number") return schema.items;
  const own = schema.properties?.[String(key)];
  if (own !== undefined) return own;
  if (typeof schema.additionalProperties === "object") return schema.additionalProperties;
  return schema.anyOf?.map((branch) => member(branch, key)).find((branch) => branch !== undefined);
}

/** The keys that a mapping of this schema may have. */
export function keysOf(schema: JsonSchema | undefined): readonly string[] {
  if (schema === undefined) return [];
  return [
    ...Object.keys(schema.properties ?? {}),
    ...(schema.propertyNames?.enum ?? []).map(String),
    ...(schema.anyOf ?? []).flatMap(keysOf),
  ];
}

/** What a value of this schema must be, in words: `a whole number from 1 to 40`. */
export function allowedBy(schema: JsonSchema | undefined): string {
  if (schema?.enum !== undefined) return oneOf(schema.enum);
  switch (schema?.type) {
    case "integer":
      return `a whole number${range(schema)}`;
    case "number":
      return `a number${range(schema)}`;
    case "string":
      return "a text that is not empty";
    case "boolean":
      return "true or false";
    case "array":
      return `a list${size(schema)}`;
    case "object":
      return `a mapping${withKeys(schema)}`;
    default:
      return schema?.anyOf?.map(allowedBy).join(", or ") ?? "nothing";
  }
}

function withKeys(schema: JsonSchema): string {
  const keys = keysOf(schema).filter((key) => key !== "$schema");
  return keys.length === 0 ? "" : ` with keys of ${keys.join(", ")}`;
}

function oneOf(values: readonly unknown[]): string {
  const texts = values.map((value) => JSON.stringify(value));
  return texts.length < 2 ? texts.join("") : `${texts.slice(0, -1).join(", ")} or ${texts.at(-1) ?? ""}`;
}

function range({ minimum, maximum }: JsonSchema): string {
  // zod bounds every integer by the safe range; nobody needs to read that.
  const lower = minimum === undefined || minimum <= Number.MIN_SAFE_INTEGER ? undefined : String(minimum);
  const upper = maximum === undefined || maximum >= Number.MAX_SAFE_INTEGER ? undefined : String(maximum);
  if (lower !== undefined && upper !== undefined) return ` from ${lower} to ${upper}`;
  if (lower !== undefined) return `, at least ${lower}`;
  return upper === undefined ? "" : `, at most ${upper}`;
}

function size({ minItems, maxItems }: JsonSchema): string {
  if (maxItems !== undefined) return ` of at most ${String(maxItems)} items`;
  return minItems === undefined ? "" : " that is not empty";
}
