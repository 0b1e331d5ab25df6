import { styleText } from "node:util";

/** Marks for a terminal: each wraps a text in an ANSI style, or returns it as it is where colour is off. */
export interface Style {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly red: (text: string) => string;
  readonly green: (text: string) => string;
  readonly yellow: (text: string) => string;
  readonly cyan: (text: string) => string;
}

export function styleOf(colour: boolean): Style {
  // Newer versions of Node.js would ask standard output whether it takes colour; that is decided by wantsColour, since
  // a style may be for standard error.
  const mark = (kind: keyof Style) => (text: string) =>
    colour ? styleText(kind, text, { validateStream: false }) : text;
  return {
    bold: mark("bold"),
    dim: mark("dim"),
    red: mark("red"),
    green: mark("green"),
    yellow: mark("yellow"),
    cyan: mark("cyan"),
  };
}

/**
 * Whether to write colour: on a terminal, unless NO_COLOR is set (https://no-color.org) or the terminal is dumb;
 * FORCE_COLOR switches it on elsewhere.
 */
export function wantsColour(isTerminal: boolean, environment: Readonly<Record<string, string | undefined>>): boolean {
  if (environment["NO_COLOR"]) return false;
  if (environment["FORCE_COLOR"]) return environment["FORCE_COLOR"] !== "0";
  return isTerminal && environment["TERM"] !== "dumb";
}
