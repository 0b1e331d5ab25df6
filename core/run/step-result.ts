/**
 * What a step tells the state machine: call it again at once, call it after a wait, ask the gate after a wait (soak),
 * or go on. `message` is for the person who reads the execution in the console.
 */
export type StepResult =
  | { readonly status: "more" | "done"; readonly message: string }
  | { readonly status: "wait" | "soak"; readonly waitSeconds: number; readonly message: string };

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

/** Step Functions waits whole seconds, and here at least one. */
function wholeSeconds(seconds: number): number {
  return Math.max(1, Math.ceil(seconds));
}
