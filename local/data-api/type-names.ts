import type { FieldDef } from "pg";
import type { Session } from "./session.ts";
import { WireQuery } from "./wire-query.ts";

/** How a type is known: its name in pg_type, and whether it is an enum. */
export interface TypeName {
  readonly name: string;
  readonly isEnum: boolean;
}

/** Looks types up in the catalog, once each: built-in oids are fixed, and others are not used again soon. */
export class TypeNames {
  readonly #known = new Map<number, TypeName>();

  /** The types of `fields`, by oid. Runs on `session`, which alone sees a type that its own transaction created. */
  async of(fields: readonly FieldDef[], session: Session): Promise<ReadonlyMap<number, TypeName>> {
    const missing = [...new Set(fields.map((field) => field.dataTypeID))].filter((oid) => !this.#known.has(oid));
    if (missing.length > 0) {
      const { rows } = await session.run(
        new WireQuery({
          text: "SELECT oid, typname, typtype = 'e' FROM pg_catalog.pg_type WHERE oid = ANY ($1::oid[])",
          parameters: [{ type: 0, value: `{${missing.join(",")}}` }],
        }),
      );
      for (const [oid, name, isEnum] of rows)
        this.#known.set(Number(oid), { name: name ?? "", isEnum: isEnum === "t" });
    }
    return this.#known;
  }
}
