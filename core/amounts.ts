import { counted } from "./counted.ts";

/** A table of this size, heap and TOAST, takes a run of hours, in which a mistake reaches many users. */
export const LARGE_TABLE_BYTES = 2 ** 30;

const UNITS = ["bytes", "KiB", "MiB", "GiB", "TiB"] as const;

/** `1.5 GiB` */
export function bytesText(bytes: number): string {
  if (bytes < 2 ** 10) return counted(bytes, "byte");
  const power = Math.min(Math.floor(Math.log2(bytes) / 10), UNITS.length - 1);
  const amount = bytes / 2 ** (10 * power);
  return `${String(amount < 100 ? Number(amount.toPrecision(3)) : Math.round(amount))} ${UNITS[power] ?? ""}`;
}

/** `45 s`, `12 min`, `3 h`, `7 days`: rounded down to the largest unit that there are two of. */
export function durationText(seconds: number): string {
  const units = [
    [86_400, "days"],
    [3_600, "h"],
    [60, "min"],
  ] as const;
  const [size, unit] = units.find(([unitSeconds]) => seconds >= 2 * unitSeconds) ?? [1, "s"];
  return `${String(Math.floor(seconds / size))} ${unit}`;
}
