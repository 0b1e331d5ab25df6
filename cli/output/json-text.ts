/** One JSON document, as scripts read it. */
export function jsonText(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}

/** One JSON document on one line: a stream of them is read line by line. */
export function jsonLine(value: unknown): string {
  return `${JSON.stringify(value)}\n`;
}
