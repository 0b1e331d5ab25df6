import { createHash } from "node:crypto";

export interface BackOff {
  readonly tries: number;
  readonly baseSeconds: number;
  readonly maxSeconds: number;
  /** Spreads waits of different callers; core has no randomness of its own. */
  readonly seed: string;
}

/** Exponential back-off with jitter: between half and all of `base * 2^(tries - 1)`, at most `max`; seconds. */
export function backOff({ tries, baseSeconds, maxSeconds, seed }: BackOff): number {
  const ceiling = Math.min(maxSeconds, baseSeconds * 2 ** Math.min(tries - 1, 16));
  const fraction =
    createHash("sha256")
      .update(`${seed}/${String(tries)}`)
      .digest()
      .readUInt32BE(0) /
    2 ** 32;
  return ceiling * (0.5 + fraction / 2);
}
