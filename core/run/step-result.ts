/**
 * What a step tells the state machine: call it again at once, after a wait, or go on. `message` is for the person who
 * reads the execution in the console.
 */
export type StepResult =
  | { readonly status: "more"; readonly message: string }
  | { readonly status: "wait"; readonly waitSeconds: number; readonly message: string }
  | { readonly status: "done"; readonly message: string };

export const more = (message: string): StepResult => ({ status: "more", message });
export const done = (message: string): StepResult => ({ status: "done", message });

/** Step Functions waits whole seconds; at least one. */
export const wait = (seconds: number, message: string): StepResult => ({
  status: "wait",
  waitSeconds: Math.max(1, Math.ceil(seconds)),
  message,
});
