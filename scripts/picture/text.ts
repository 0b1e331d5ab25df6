/**
 * Text in a picture that has no fonts of its own: widths are those of Helvetica and Arial in thousandths of an em, a
 * little more than other systems' fonts need, so that a line never runs out of its column.
 */
const NARROW = new Set("fijlrtI.,:;'!|()[]");
const WIDE = new Set("mwMWGOQ%@");

function widthOf(character: string): number {
  if (character === " ") return 290;
  if (NARROW.has(character)) return 310;
  if (WIDE.has(character)) return 840;
  return /[A-Z0-9]/.test(character) ? 660 : 550;
}

/** The width of a text in the unit of `size`; bold letters are wider. */
export function textWidth(text: string, size: number, bold = false): number {
  const width = [...text].reduce((sum, character) => sum + widthOf(character), 0);
  return (width * size * (bold ? 1.03 : 1)) / 1_000;
}

/** The text in lines that fit into `width`; a word that is too long has a line of its own. */
export function wrapText(text: string, size: number, width: number): readonly string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const line = lines.at(-1);
    const longer = line === undefined ? word : `${line} ${word}`;
    if (line === undefined || textWidth(longer, size) > width) lines.push(word);
    else lines[lines.length - 1] = longer;
  }
  return lines;
}

export function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
