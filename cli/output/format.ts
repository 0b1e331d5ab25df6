/** Numbers as text. */

/** `1,234,567` */
export function count(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}

/** `1 shard`, `2,048 shards` */
export function counted(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? "" : "s"}`;
}

const BYTE_UNITS = ["bytes", "KiB", "MiB", "GiB", "TiB", "PiB"] as const;

/** `98 MiB`, `1.4 GiB`: two significant digits at least. */
export function bytes(value: number): string {
  let amount = value;
  let unit = 0;
  while (amount >= 1_024 && unit < BYTE_UNITS.length - 1) {
    amount /= 1_024;
    unit += 1;
  }
  const digits = unit > 0 && amount < 10 ? 1 : 0;
  return `${amount.toFixed(digits)} ${BYTE_UNITS[unit] ?? ""}`;
}

const SPANS = [
  ["d", 86_400],
  ["h", 3_600],
  ["m", 60],
  ["s", 1],
] as const;

/** `5s`, `2m 5s`, `7d`: whole seconds, the two largest units that are not zero. */
export function seconds(value: number): string {
  let rest = Math.round(value);
  const parts: string[] = [];
  for (const [unit, size] of SPANS) {
    const amount = Math.floor(rest / size);
    rest -= amount * size;
    if (amount > 0 && parts.length < 2) parts.push(`${String(amount)}${unit}`);
  }
  return parts.join(" ") || "0s";
}

/** `250 ms` below a second, else as {@link seconds}. */
export function milliseconds(value: number): string {
  return value < 1_000 ? `${String(Math.round(value))} ms` : seconds(value / 1_000);
}

/** `17.4` of `server_version_num` 170004. */
export function serverVersion(number: number): string {
  return `${String(Math.floor(number / 10_000))}.${String(number % 10_000)}`;
}
