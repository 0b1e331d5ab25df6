/** A share of 0 to 1 as `0 %`, `0.05 %`, `100 %`: three significant digits, as every message has it. */
export function percent(share: number): string {
  return `${String(Number((share * 100).toPrecision(3)))} %`;
}
