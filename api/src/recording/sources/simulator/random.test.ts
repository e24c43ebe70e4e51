import { describe, expect, it } from 'vitest'
import { Random, derive, seedOf } from './random.ts'

const N = 400_000
/** A right generator strays further than this many standard deviations once in 1.7 million. */
const DEVIATIONS = 5

const density = (z: number): number => Math.exp(-(z ** 2) / 2) / Math.sqrt(2 * Math.PI)

/** Quantiles of the standard Gaussian, from tables. */
const GAUSSIAN_QUANTILES: [p: number, z: number][] = [
  [0.001, -3.090_232],
  [0.01, -2.326_348],
  [0.05, -1.644_854],
  [0.25, -0.674_490],
  [0.5, 0],
  [0.75, 0.674_490],
  [0.95, 1.644_854],
  [0.99, 2.326_348],
  [0.999, 3.090_232],
]

/**
 * Where the Gaussians come from: one generator after the other, or the first of ever new ones, as a replay takes
 * them.
 */
const ORIGINS: [string, () => Float64Array][] = [
  [
    'of one generator',
    () => {
      const random = new Random(seedOf('3f6c2d1e-0a4b-4c8d-9e2f-5a6b7c8d9e0f'))
      return Float64Array.from({ length: N }, () => random.gaussian())
    },
  ],
  [
    'each of a generator of its own, seeded by a running number',
    () => {
      const seed = seedOf('3f6c2d1e-0a4b-4c8d-9e2f-5a6b7c8d9e0f')
      return Float64Array.from({ length: N }, (_, at) => new Random(derive(seed, at)).gaussian())
    },
  ],
  [
    'each of a generator of its own, seeded by a time',
    () => {
      const seed = seedOf('b')
      return Float64Array.from({ length: N }, (_, at) => new Random(derive(seed, 1.76e12 + at * 1_000)).gaussian())
    },
  ],
]

describe.each(ORIGINS)('Gaussians %s', (_, draw) => {
  const z = draw()
  const mean = (f: (value: number, at: number) => number): number =>
    z.reduce((sum, value, at) => sum + f(value, at), 0) / N

  it('have the moments of theory', () => {
    const m1 = mean((x) => x)
    const m2 = mean((x) => (x - m1) ** 2)
    const skewness = mean((x) => (x - m1) ** 3) / m2 ** 1.5
    const excessKurtosis = mean((x) => (x - m1) ** 4) / m2 ** 2 - 3
    // Standard deviations of the estimates from N independent Gaussians.
    expect(Math.abs(m1)).toBeLessThan(DEVIATIONS / Math.sqrt(N))
    expect(Math.abs(m2 - 1)).toBeLessThan(DEVIATIONS * Math.sqrt(2 / N))
    expect(Math.abs(skewness)).toBeLessThan(DEVIATIONS * Math.sqrt(6 / N))
    expect(Math.abs(excessKurtosis)).toBeLessThan(DEVIATIONS * Math.sqrt(24 / N))
  })

  it('have the quantiles of theory', () => {
    const sorted = z.toSorted()
    for (const [p, expected] of GAUSSIAN_QUANTILES) {
      const deviation = Math.sqrt((p * (1 - p)) / N) / density(expected)
      const drawn = sorted[Math.ceil(p * N) - 1]!
      expect(Math.abs(drawn - expected), `p ${p}`).toBeLessThan(DEVIATIONS * deviation)
    }
  })

  it('do not depend on the one before, the sine of a pair not on its cosine', () => {
    for (const lag of [1, 2, 3]) {
      const correlation = mean((x, at) => x * z[(at + lag) % N]!)
      expect(Math.abs(correlation), `lag ${lag}`).toBeLessThan(DEVIATIONS / Math.sqrt(N))
      const ofSquares = mean((x, at) => (x ** 2 - 1) * (z[(at + lag) % N]! ** 2 - 1)) / 2
      expect(Math.abs(ofSquares), `squares, lag ${lag}`).toBeLessThan(DEVIATIONS / Math.sqrt(N))
    }
  })
})

describe('uniform numbers', () => {
  it('fall evenly into 256 cells, in one stream and over the seeds of many texts', () => {
    const random = new Random(seedOf('uniform'))
    const draws: ((at: number) => number)[] = [
      () => random.uniform(),
      (at) => new Random(seedOf(`deployment-${at}`)).uniform(),
      (at) => new Random(derive(seedOf('x'), at)).uniform(),
    ]
    for (const draw of draws) {
      const cells = new Float64Array(256)
      for (let at = 0; at < 100_000; at++) cells[Math.floor(draw(at) * 256)]! += 1
      const expected = 100_000 / 256
      const chiSquare = cells.reduce((sum, cell) => sum + (cell - expected) ** 2 / expected, 0)
      // Chi-square with 255 degrees of freedom: mean 255, variance 510.
      expect(Math.abs(chiSquare - 255)).toBeLessThan(DEVIATIONS * Math.sqrt(510))
    }
  })

  it('are above 0 and below 1', () => {
    const random = new Random({ high: 0, low: 0 })
    const numbers = Array.from({ length: 100_000 }, () => random.uniform())
    expect(numbers.every((u) => u > 0 && u < 1)).toBe(true)
  })
})

describe('counts of events', () => {
  it.each([0.02, 0.7, 5, 30, 49.9, 50, 180])('have the mean and variance of Poisson: %d', (mean) => {
    const random = new Random(seedOf(`poisson ${mean}`))
    const n = 200_000
    const events = Float64Array.from({ length: n }, () => random.poisson(mean))
    const drawnMean = events.reduce((sum, x) => sum + x, 0) / n
    const variance = events.reduce((sum, x) => sum + (x - drawnMean) ** 2, 0) / n
    expect(Math.abs(drawnMean - mean)).toBeLessThan(DEVIATIONS * Math.sqrt(mean / n))
    // The variance of a sample variance is (μ4 - σ⁴) / n, and μ4 of Poisson is mean + 3 mean². Rounding a Gaussian
    // adds 1/12.
    const rounding = mean >= 50 ? 1 / 12 : 0
    expect(Math.abs(variance - mean - rounding)).toBeLessThan(DEVIATIONS * Math.sqrt((mean + 2 * mean ** 2) / n))
  })

  it.each([0.7, 5, 30])('fall on each number as often as Poisson has it: mean %d', (mean) => {
    const random = new Random(seedOf(`each ${mean}`))
    const n = 100_000
    const seen = new Map<number, number>()
    for (let draw = 0; draw < n; draw++) {
      const events = random.poisson(mean)
      seen.set(events, (seen.get(events) ?? 0) + 1)
    }
    let probability = Math.exp(-mean)
    for (let events = 0; events < 3 * mean + 5; events++) {
      const tolerance = DEVIATIONS * Math.sqrt(n * probability) + 3
      expect(Math.abs((seen.get(events) ?? 0) - n * probability), `${events} events`).toBeLessThan(tolerance)
      probability *= mean / (events + 1)
    }
  })

  it('are whole, never negative, and none when none are expected', () => {
    const random = new Random(seedOf('whole'))
    expect(random.poisson(0)).toBe(0)
    expect(random.poisson(-1)).toBe(0)
    for (const mean of [0.5, 49, 60]) {
      const events = Array.from({ length: 5_000 }, () => random.poisson(mean))
      expect(events.every((count) => Number.isSafeInteger(count) && count >= 0)).toBe(true)
    }
  })
})

describe('seeds', () => {
  it('differ for texts and numbers that hardly differ', () => {
    const seeds = new Set<string>()
    const add = ({ high, low }: { high: number; low: number }): unknown => seeds.add(`${high} ${low >>> 0}`)
    for (let at = 0; at < 20_000; at++) {
      add(seedOf(`00000000-0000-4000-8000-${String(at).padStart(12, '0')}`))
      add(derive(seedOf('one'), at))
      add(derive(seedOf('one'), 1.76e12 + at))
      add(derive(derive(seedOf('one'), 5), at))
      add(derive(seedOf('one'), 2 ** 32 * (at + 1)))
    }
    expect(seeds.size).toBe(100_000)
  })

  it('give the same numbers every time', () => {
    const numbers = (): number[] => {
      const random = new Random(derive(seedOf('a deployment'), 1_763_316_946_680))
      const singles = [random.uint32(), random.uniform(), random.gaussian(), random.gaussian()]
      return [...singles, random.poisson(9), random.poisson(90)]
    }
    expect(numbers()).toEqual(numbers())
  })
})
