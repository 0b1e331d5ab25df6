import type { States } from "../asl.ts";

/** An end whose output is the report. */
export function succeed(name: string): States {
  return { [name]: { Type: "Succeed", OutputPath: "$.report" } };
}

/** An end with the error that led there, as a catcher has put it at `$.error`. */
export function fail(name: string, comment: string): States {
  return { [name]: { Type: "Fail", Comment: comment, ErrorPath: "$.error.Error", CausePath: "$.error.Cause" } };
}
