/**
 * The buckets of OpenTelemetry's exponential histogram, in milliseconds, at scale 7: bucket `i` holds `base^i <
 * latency <= base^(i+1)` with `base = 2^(2^-7)`, about 1.0054.
 * https://opentelemetry.io/docs/specs/otel/metrics/data-model/#exponentialhistogram
 *
 * Scale 7 rather than 6: a quantile is then at most 0.27 % away from the exact nearest-rank value (0.54 % at scale
 * 6), and the stored form of a second is no longer for it, as its few requests lie in buckets of their own at either
 * scale.
 *
 * A *slot* is a bucket numbered from 0 in the range covered here, from 2^-10 ms (just below 1 µs) to 2^32 ms (49
 * days).
 */

/** Buckets per doubling of the latency: 2^scale. */
export const BUCKETS_PER_OCTAVE = 128
const LOWEST_EXPONENT = -10
const HIGHEST_EXPONENT = 32

/** Lower latencies, 0 among them, count as this one: one microsecond. */
export const MIN_LATENCY_MS = 0.001
/** A higher latency is refused: it can only be a mistake in the unit. */
export const MAX_LATENCY_MS = 2 ** HIGHEST_EXPONENT
export const SLOTS = (HIGHEST_EXPONENT - LOWEST_EXPONENT) * BUCKETS_PER_OCTAVE

/**
 * `2^(j/128)` for j from 0 to 128. Made with square roots and products alone, which IEEE 754 rounds in one way only,
 * so that a latency falls into the same bucket on every machine; `Math.pow` and `Math.log2` promise no such thing.
 */
const FRACTIONS = fractionsOfAnOctave()

/** `BORDERS[s]` and `BORDERS[s + 1]` enclose slot `s`. Whole octaves apart they differ by an exact power of two. */
const BORDERS = Float64Array.from(
  { length: SLOTS + 1 },
  (_, slot) =>
    (FRACTIONS[slot % BUCKETS_PER_OCTAVE] ?? 0) * 2 ** (Math.floor(slot / BUCKETS_PER_OCTAVE) + LOWEST_EXPONENT),
)

/**
 * For each 1/256 of a mantissa in [1, 2): the first j whose fraction is not below the start of that cell.
 * Neighbouring fractions are at least 2^(1/128) - 1 > 1/256 apart, so a cell holds one of them at most and one
 * comparison settles the rest.
 */
const CELLS = Uint8Array.from({ length: 256 }, (_, cell) =>
  FRACTIONS.findIndex((fraction) => fraction >= 1 + cell / 256),
)

const bits = new DataView(new ArrayBuffer(8))

/**
 * The slot of a latency: comparisons with the very borders that `slotBounds` gives, no logarithm, so it is exact at
 * them and monotonic.
 * @throws RangeError unless the latency is a number from 0 to `MAX_LATENCY_MS`.
 */
export function slotOf(latencyMs: number): number {
  if (!(latencyMs >= 0 && latencyMs <= MAX_LATENCY_MS)) {
    throw new RangeError(`A latency is from 0 to ${MAX_LATENCY_MS} milliseconds, not ${latencyMs}.`)
  }
  bits.setFloat64(0, latencyMs < MIN_LATENCY_MS ? MIN_LATENCY_MS : latencyMs)
  const high = bits.getUint32(0)
  const exponent = (high >>> 20) - 1023
  let fraction = CELLS[(high >>> 12) & 0xff] ?? 0
  // The same number with exponent 0 is the mantissa.
  bits.setUint32(0, (high & 0xfffff) | 0x3ff00000)
  if (bits.getFloat64(0) > (FRACTIONS[fraction] ?? 0)) fraction++
  return (exponent - LOWEST_EXPONENT) * BUCKETS_PER_OCTAVE + fraction - 1
}

/** The latencies a slot holds, in milliseconds: above `lowerMs`, up to and with `upperMs`. */
export function slotBounds(slot: number): { lowerMs: number; upperMs: number } {
  return { lowerMs: BORDERS[slot] ?? Number.NaN, upperMs: BORDERS[slot + 1] ?? Number.NaN }
}

/** Where the latencies counted in a slot truly lie: as `slotBounds`, but what is below 1 µs, down to 0, counts there too. */
export function slotReach(slot: number): { lowerMs: number; upperMs: number } {
  const { lowerMs, upperMs } = slotBounds(slot)
  return { lowerMs: lowerMs < MIN_LATENCY_MS ? 0 : lowerMs, upperMs }
}

/**
 * The latency, in milliseconds, that represents all of a slot. For borders l and u the relative error of x is largest
 * at a border, `(x - l) / l` or `(u - x) / u`; it is least where the two are equal, at `x = 2lu / (l + u)`, and there
 * it is `(base - 1) / (base + 1)`, 0.271 %.
 */
export function slotValueMs(slot: number): number {
  const { lowerMs, upperMs } = slotBounds(slot)
  return (2 * lowerMs * upperMs) / (lowerMs + upperMs)
}

function fractionsOfAnOctave(): Float64Array {
  const fractions = new Float64Array(BUCKETS_PER_OCTAVE + 1).fill(1)
  // The binary digits of j choose among 2^(1/2), 2^(1/4) … 2^(1/128).
  for (let digit = BUCKETS_PER_OCTAVE / 2, root = Math.SQRT2; digit >= 1; digit /= 2, root = Math.sqrt(root)) {
    for (let j = 0; j < BUCKETS_PER_OCTAVE; j++) {
      if (j & digit) fractions[j] = (fractions[j] ?? 1) * root
    }
  }
  fractions[BUCKETS_PER_OCTAVE] = 2
  return fractions
}
