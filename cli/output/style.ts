/** Marks for a terminal: each wraps a text in an ANSI style, or returns it as it is where colour is off. */
export interface Style {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly red: (text: string) => string;
  readonly green: (text: string) => string;
  readonly yellow: (text: string) => string;
  readonly cyan: (text: string) => string;
}

/** ANSI codes that switch a style on and off again. */
const CODES = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
} as const;

export function styleOf(colour: boolean): Style {
  const mark = (kind: keyof typeof CODES) => {
    const [on, off] = CODES[kind];
    return (text: string): string => (colour ? `\u001b[${String(on)}m${text}\u001b[${String(off)}m` : text);
  };
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
