import { type JsonSchema, migrationJsonSchema } from "../../core/migration/json-schema.ts";
import { UNIMPLEMENTED, type Unimplemented } from "../../core/migration/unimplemented.ts";

/** The entry that refuses a path (`contract.consumers[].confirm`), if one does. */
export function refusalOf(path: string): Unimplemented | undefined {
  return UNIMPLEMENTED.find((entry) => entry.path === path);
}

/** `Not implemented yet: ...`, or of single values `"aggressive" is not implemented yet: ...`. */
export function refusalText({ only, instead }: Unimplemented): string {
  return only === undefined ? `Not implemented yet: ${instead}.` : `Not implemented yet (${only.text}): ${instead}.`;
}

/** The JSON Schema of the migration file for editors: what is not implemented says so where it is hovered. */
export function editorSchema(): JsonSchema {
  return annotated(migrationJsonSchema(), "");
}

function annotated(schema: JsonSchema, path: string): JsonSchema {
  const refusal = refusalOf(path);
  const description = [schema.description, refusal && refusalText(refusal)].filter(Boolean).join(". ");
  return {
    ...schema,
    ...(description === "" ? {} : { description }),
    ...(schema.properties && { properties: annotatedProperties(schema.properties, path) }),
    ...(schema.items && { items: annotated(schema.items, `${path}[]`) }),
  };
}

function annotatedProperties(
  properties: Readonly<Record<string, JsonSchema>>,
  path: string,
): Record<string, JsonSchema> {
  return Object.fromEntries(
    Object.entries(properties).map(([key, value]) => [key, annotated(value, path === "" ? key : `${path}.${key}`)]),
  );
}
