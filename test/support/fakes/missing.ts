import { NotFound } from "../../../core/errors.ts";

export function missing(object: string): NotFound {
  return new NotFound({ object, problem: "does not exist", remedy: "Create it" });
}
