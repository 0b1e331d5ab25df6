import type { States } from "../asl.ts";
import { pausableStep } from "./polled-step.ts";

export interface GateProps {
  /** When it is evaluated. */
  readonly comment: string;
  /** Where it leads once it has passed. */
  readonly next: string;
}

/**
 * A gate between two phases, evaluated until it passes or fails.
 *
 * @param name `GateBeforeExpand` for the gate that a migration declares as `before_expand`.
 */
export function gate(name: `Gate${string}`, { comment, next }: GateProps): States {
  const place = name.slice("Gate".length);
  const declared = place.replaceAll(/(?!^)[A-Z]/g, (letter) => `_${letter}`).toLowerCase();
  return pausableStep(name, {
    comment,
    lambda: "Gate",
    parameters: { "run.$": "$.run", gate: declared },
    callbackName: `WaitForCallback${place}`,
    callbackComment: "Waits for the decision on this gate, or until an operator resumes the run",
    next,
  });
}
