const REGION = /(<!-- generated: ([\w-]+) -->\n)[^]*?(<!-- \/generated -->)/g;

/**
 * The page with every region between `<!-- generated: NAME -->` and `<!-- /generated -->` written anew; what stands
 * outside of them is written by hand and stays.
 *
 * @throws RangeError where the page has a region that nobody writes, or lacks one.
 */
export function fillRegions(page: string, regions: Readonly<Record<string, string>>): string {
  const filled = new Set<string>();
  const text = page.replaceAll(REGION, (_, ...[begin, name, end]: [string, string, string]) => {
    const content = regions[name];
    if (content === undefined) throw new RangeError(`region "${name}": nothing writes it`);
    filled.add(name);
    return `${begin}\n${content}\n\n${end}`;
  });
  const missing = Object.keys(regions).filter((name) => !filled.has(name));
  if (missing.length > 0) throw new RangeError(`regions ${missing.join(", ")}: the page has no such marks`);
  return text;
}

/** A table of Markdown. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

/** A link to a heading of the same page, as GitHub names its anchor. */
export function linkTo(heading: string): string {
  const anchor = heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
    .replaceAll(" ", "-");
  return `[${heading}](#${anchor})`;
}
