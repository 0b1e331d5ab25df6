/**
 * Splits PostgreSQL's text form of a one-dimensional array (https://www.postgresql.org/docs/17/arrays.html#ARRAYS-IO).
 *
 * @returns undefined where the array has more dimensions.
 */
export function arrayElements(text: string): (string | null)[] | undefined {
  // Bounds that do not start at 1 stand before: [2:4]={1,2,3}.
  const body = text.slice(text.indexOf("{") + 1, -1);
  if (body.startsWith("{")) return undefined;
  if (body === "") return [];
  const elements: (string | null)[] = [];
  const element = /"((?:[^"\\]|\\.)*)"|([^,"]+)/gsy;
  for (let at = 0; at < body.length; at = element.lastIndex + 1) {
    element.lastIndex = at;
    const match = element.exec(body);
    if (match === null) throw new SyntaxError("the text is not an array");
    const [, quoted, bare] = match;
    elements.push(quoted === undefined ? nullable(bare ?? "") : quoted.replaceAll(/\\(.)/gs, "$1"));
  }
  return elements;
}

const nullable = (bare: string): string | null => (bare === "NULL" ? null : bare);
