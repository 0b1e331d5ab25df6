import { canonicalJson } from "../../plan/canonical.ts";

/** What a person may ask of the functions that identify their caller. */
export type OperatorCommand = "start" | "approve" | "reject" | "pause" | "resume";

/**
 * What a caller's proof is made for: canonical JSON of the command and of everything that it was given, so that the
 * proof of one request is none of another. What is undefined is left out, on both sides alike.
 */
export function purpose(command: OperatorCommand, request: Readonly<Record<string, string | undefined>>): string {
  const given = Object.entries(request).filter(([, value]) => value !== undefined);
  return canonicalJson({ ...Object.fromEntries(given), command });
}
