/** Buckets per power of two: values are kept to within 1/64, about 1.6 %. */
const RESOLUTION_BITS = 6;
const BUCKETS_PER_OCTAVE = 2 ** RESOLUTION_BITS;
/** Up to 2^31 microseconds, 35 minutes. */
const OCTAVES = 31 - RESOLUTION_BITS;

/**
 * Counts values by bucket, exact up to 127 and then logarithmic, as HdrHistogram does (http://hdrhistogram.org):
 * a percentile costs no sorting, and two histograms add up without loss.
 */
export class Histogram {
  readonly #counts = new Uint32Array((OCTAVES + 1) * BUCKETS_PER_OCTAVE);
  #count = 0;
  #max = 0;

  get count(): number {
    return this.#count;
  }

  /** The largest value recorded, exactly; 0 where none. */
  get max(): number {
    return this.#max;
  }

  /** @param value a whole number, 0 to 2^31 - 1; what is larger counts as the largest bucket. */
  record(value: number): void {
    const bucket = bucketOf(value);
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#count += 1;
    if (value > this.#max) this.#max = value;
  }

  add(other: Histogram): void {
    other.#counts.forEach((count, bucket) => {
      if (count > 0) this.#counts[bucket] = (this.#counts[bucket] ?? 0) + count;
    });
    this.#count += other.#count;
    this.#max = Math.max(this.#max, other.#max);
  }

  /** The smallest bucket's upper end that `percent` of the values do not exceed; 0 where nothing was recorded. */
  percentile(percent: number): number {
    const rank = Math.max(1, Math.ceil((percent / 100) * this.#count));
    let seen = 0;
    for (const { value, count } of this.buckets()) {
      seen += count;
      if (seen >= rank) return Math.min(value, this.#max);
    }
    return 0;
  }

  /** The buckets that hold something, smallest first; `value` is the upper end of each. */
  buckets(): readonly { readonly value: number; readonly count: number }[] {
    const filled: { value: number; count: number }[] = [];
    this.#counts.forEach((count, bucket) => {
      if (count > 0) filled.push({ value: upperEnd(bucket), count });
    });
    return filled;
  }
}

function bucketOf(value: number): number {
  const whole = Math.min(Math.max(0, Math.round(value)), 2 ** 31 - 1);
  if (whole < BUCKETS_PER_OCTAVE) return whole;
  const octave = 31 - Math.clz32(whole) - RESOLUTION_BITS;
  return octave * BUCKETS_PER_OCTAVE + (whole >>> octave);
}

function upperEnd(bucket: number): number {
  if (bucket < 2 * BUCKETS_PER_OCTAVE) return bucket;
  const octave = Math.floor(bucket / BUCKETS_PER_OCTAVE) - 1;
  const mantissa = bucket - octave * BUCKETS_PER_OCTAVE;
  return (mantissa + 1) * 2 ** octave - 1;
}
