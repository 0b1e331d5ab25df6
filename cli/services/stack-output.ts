import { NotFound } from "../../core/errors.ts";
import type { StackOutputs } from "./services.ts";

/** An output that only some commands need. @throws NotFound where the stack is older than they are. */
export function stackOutput({ all }: StackOutputs, key: string): string {
  const value = all[key];
  if (value !== undefined) return value;
  throw new NotFound({
    object: `output "${key}" of the stack`,
    problem: "is missing: the stack was deployed by an earlier version",
    remedy: "Run sluice deploy",
  });
}
