import type { GateEvaluation } from "../gates/evaluation.ts";

/**
 * What a step tells the state machine: call it again at once, call it after a wait, ask the gate after a wait (soak),
 * stand by until somebody acts or the wait is over, or go on. `message` is for the person who reads the execution in
 * the console; a gate's look is there in full.
 */
export type StepResult =
  | { readonly status: "more" | "done"; readonly message: string; readonly gate?: GateEvaluation }
  | {
      readonly status: "wait" | "soak" | "callback";
      readonly waitSeconds: number;
      readonly message: string;
      readonly gate?: GateEvaluation;
    };

export const more = (message: string): StepResult => ({ status: "more", message });
export const done = (message: string): StepResult => ({ status: "done", message });
export const wait = (seconds: number, message: string): StepResult => ({
  status: "wait",
  waitSeconds: wholeSeconds(seconds),
  message,
});
export const soak = (seconds: number, message: string): StepResult => ({
  status: "soak",
  waitSeconds: wholeSeconds(seconds),
  message,
});
export const callback = (seconds: number, message: string): StepResult => ({
  status: "callback",
  waitSeconds: wholeSeconds(seconds),
  message,
});

/** Step Functions waits whole seconds, and here at least one. */
function wholeSeconds(seconds: number): number {
  return Math.max(1, Math.ceil(seconds));
}
