import { expect, it } from 'vitest'
import { readBaseline } from './baseline.ts'
import type { Baseline, CumulativeSeries } from './cumulative.ts'
import { deltaOf } from './deltas.ts'
import { seriesKey } from './series-key.ts'
import { Random, seedOf } from './simulator/random.ts'

const STEP_MS = 5000
const BOUNDS_MS = [100, 1000]

/** One process of a server, which counts requests that take 50, 500 or 5,000 ms. */
class Replica {
  readonly #key: string
  startMs: number
  counts = [0, 0, 0]
  /** What it had counted when it was scraped last. */
  seen = 0

  constructor(name: string, startMs: number) {
    this.#key = seriesKey('latency.0', 0, name)
    this.startMs = startMs
  }

  get count(): number {
    return this.counts.reduce((sum, of) => sum + of, 0)
  }

  series(): CumulativeSeries {
    const { count, startMs } = this
    const [fast = 0, slow = 0, slowest = 0] = this.counts
    const sumMs = fast * 50 + slow * 500 + slowest * 5000
    const boundsMs = BOUNDS_MS
    return {
      key: this.#key,
      figure: 'latency',
      reason: null,
      startMs,
      count,
      sumMs,
      boundsMs,
      counts: [...this.counts],
    }
  }
}

it('counts every request of replicas once, that restart, vanish and come back, but what nobody saw before a restart', () => {
  for (let seed = 0; seed < 8; seed++) {
    const random = new Random(seedOf(`replicas ${seed}`))
    const beginMs = 1_800_000_000_000
    const replicas = ['a', 'b', 'c'].map((name) => new Replica(name, beginMs - 86_400_000))
    for (const replica of replicas) replica.counts = [40, 30, 30]
    let before: Baseline | null = null
    const served = [0, 0, 0]
    const measured = [0, 0, 0]
    let [unseen, sumMs] = [0, 0]
    for (let step = 0; step < 200; step++) {
      const atMs = beginMs + step * STEP_MS
      for (const replica of replicas) {
        if (step > 0 && random.between(0, 1) < 0.03) {
          unseen += replica.count - replica.seen
          replica.startMs = atMs - random.between(0, STEP_MS)
          replica.counts = [0, 0, 0]
          replica.seen = 0
        }
        for (const [at, count] of replica.counts.entries()) {
          const more = step === 0 ? 0 : Math.floor(random.between(0, 9))
          replica.counts[at] = count + more
          served[at] = (served[at] ?? 0) + more
        }
      }
      // Some of them do not answer, all of them in the last look.
      const there = replicas.filter(() => step === 0 || step === 199 || random.between(0, 1) < 0.8)
      for (const replica of there) replica.seen = replica.count
      const series = there.map((replica) => replica.series())
      const { measurement, baseline } = deltaOf(before, {
        atMs,
        series,
        gauges: {},
        known: new Set(['latency'] as const),
      })
      const upTo = measurement.latency?.cumulative(BOUNDS_MS) ?? [0, 0]
      const count = measurement.latency?.count ?? 0
      for (const [at, more] of [upTo[0] ?? 0, (upTo[1] ?? 0) - (upTo[0] ?? 0), count - (upTo[1] ?? 0)].entries()) {
        measured[at] = (measured[at] ?? 0) + more
      }
      sumMs += measurement.latencySumMs ?? 0
      before = readBaseline(JSON.parse(JSON.stringify(baseline)))
    }
    const [fast = 0, slow = 0, slowest = 0] = measured
    expect(fast + slow + slowest + unseen).toBe(served.reduce((sum, of) => sum + of, 0))
    expect(sumMs).toBe(fast * 50 + slow * 500 + slowest * 5000)
  }
})
