/** 64 bits to seed a generator with. */
export interface Seed {
  readonly high: number
  readonly low: number
}

/**
 * A seed from a text: two hashes after FNV-1a (http://www.isthe.com/chongo/tech/comp/fnv/), of different bases and
 * factors.
 */
export function seedOf(text: string): Seed {
  let high = 0x811c9dc5
  let low = 0x9747b28c
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at)
    high = Math.imul(high ^ unit, 0x01000193)
    low = Math.imul(low ^ unit, 0x5bd1e995)
  }
  return { high: mixed(high), low: mixed(low ^ text.length) }
}

/** The seed of one stream of numbers, or of one moment in it: depends on every bit of `value`, an integer. */
export function derive(seed: Seed, value: number): Seed {
  const low = mixed(seed.low ^ mixed(value >>> 0))
  const high = mixed(Math.imul(seed.high, 0x85ebca6b) ^ low ^ mixed(Math.floor(value / 2 ** 32) >>> 0))
  return { high, low: low ^ Math.imul(high, 0xc2b2ae35) }
}

/** The finaliser of MurmurHash3 by Austin Appleby: every bit of the input sways every bit of the answer. */
function mixed(word: number): number {
  let bits = word ^ 0x9e3779b9
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b)
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35)
  return (bits ^ (bits >>> 16)) >>> 0
}

/**
 * Random numbers that the seed alone decides: sfc32, "small fast counting", of Chris Doty-Humphrey's PractRand
 * (https://pracrand.sourceforge.net), with its counter in 32 bits of the 128 and so a period of 2^32 at least.
 */
export class Random {
  #a = 0
  #b: number
  #c: number
  #counter = 1
  /** The second number of the last Box-Muller pair, until it is asked for. */
  #spare: number | null = null

  constructor(seed: Seed) {
    this.#b = seed.low | 0
    this.#c = seed.high | 0
    // As PractRand seeds it: twelve rounds until every bit of the seed has reached the whole state.
    for (let round = 0; round < 12; round++) this.uint32()
  }

  /** An integer from 0 to 2^32 - 1. */
  uint32(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0
    this.#counter = (this.#counter + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum
    this.#c |= 0
    return sum >>> 0
  }

  /** A number above 0 and below 1, each of 2^32 with the same probability. */
  uniform(): number {
    return (this.uint32() + 0.5) / 2 ** 32
  }

  /** A number from `low` to `high`, all equally likely. */
  between(low: number, high: number): number {
    return low + (high - low) * this.uniform()
  }

  /**
   * A standard Gaussian (mean 0, variance 1) by the transform of G. E. P. Box and M. E. Muller, "A Note on the
   * Generation of Random Normal Deviates" (1958): of u1 and u2 uniform on (0, 1),
   *
   *     z1 = sqrt(-2 ln u1) cos(2π u2)      z2 = sqrt(-2 ln u1) sin(2π u2)
   *
   * are Gaussian and independent. Both are used: this call gives z1 and the next one z2. |z| stays below 6.8, as u1
   * has 32 bits.
   */
  gaussian(): number {
    if (this.#spare !== null) {
      const z2 = this.#spare
      this.#spare = null
      return z2
    }
    const radius = Math.sqrt(-2 * Math.log(this.uniform()))
    const angle = 2 * Math.PI * this.uniform()
    this.#spare = radius * Math.sin(angle)
    return radius * Math.cos(angle)
  }

  /**
   * How many of many independent events happen when `mean` are expected: Poisson, by inversion of its distribution.
   * From 50 on the Gaussian with the same mean and variance, rounded, whose cost does not grow with the mean.
   */
  poisson(mean: number): number {
    if (mean <= 0) return 0
    if (mean >= 50) return Math.max(0, Math.round(mean + Math.sqrt(mean) * this.gaussian()))
    const u = this.uniform()
    let events = 0
    let probability = Math.exp(-mean)
    let cumulative = probability
    // The bound is for a sum that rounding keeps below u.
    while (cumulative < u && events < 1_000) {
      events++
      probability *= mean / events
      cumulative += probability
    }
    return events
  }
}
