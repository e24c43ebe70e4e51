import { Distribution } from '../src/metrics/distribution.ts'
import { Random, seedOf } from '../src/recording/sources/simulator/random.ts'

const inMs = (...seconds: number[]): number[] => seconds.map((s) => Math.round(s * 1e6) / 1e3)

/** Bounds of end-to-end latencies of real servers, in milliseconds. */
export const BOUNDS = {
  vllm: inMs(0.3, 0.5, 0.8, 1, 1.5, 2, 2.5, 5, 10, 15, 20, 30, 40, 50, 60, 120, 240, 480, 960, 1920, 7680),
  sglang: inMs(0.1, 0.2, 0.4, 0.6, 0.8, 1, 2, 4, 6, 8, 10, 20, 40, 60, 80, 100, 200, 400, 600, 1200, 1800, 2400),
  tgi: Array.from({ length: 35 }, (_, k) => 0.1 * 1.5 ** (k + 1)),
  openTelemetry: inMs(0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92),
  one: [250],
} as const

/** Latencies, and a distribution that was told of them. */
export interface Told {
  rawMs: number[]
  distribution: Distribution
}

/** Counts raw latencies by bounds, by the definition of a bucket. */
export function countsBetween(boundsMs: readonly number[], rawMs: readonly number[]): number[] {
  const counts = Array.from({ length: boundsMs.length + 1 }, () => 0)
  for (const latencyMs of rawMs) {
    const at = boundsMs.findIndex((boundMs) => latencyMs <= boundMs)
    counts[at < 0 ? boundsMs.length : at]! += 1
  }
  return counts
}

/** Log-normal latencies from 0.05 ms to an hour, told as `kind`: one by one, by bounds, or by their number alone. */
export function tell(random: Random, kind: 'measured' | 'unknown' | readonly number[], requests: number): Told {
  const [medianMs, spread] = [2 ** random.between(-2, 17), random.between(0.02, 1.5)]
  const rawMs = Array.from({ length: requests }, () => {
    const latencyMs = medianMs * Math.exp(spread * random.gaussian())
    // Some lie right on bounds.
    return Math.min(Math.max(random.uniform() < 0.1 ? Math.ceil(latencyMs / 100) * 100 : latencyMs, 0.05), 3_600_000)
  })
  const distribution = new Distribution()
  if (kind === 'measured') for (const latencyMs of rawMs) distribution.record(latencyMs)
  else if (kind === 'unknown') distribution.recordUnknown(requests)
  else distribution.recordBuckets(kind, countsBetween(kind, rawMs))
  return { rawMs, distribution }
}

/** Several of any kinds, with from no to a hundred requests each. */
export function mixture(seed: string): Told[] {
  const random = new Random(seedOf(seed))
  const kinds = ['measured', 'measured', 'unknown', ...Object.values(BOUNDS)] as const
  return Array.from({ length: 1 + Math.floor(random.between(0, 7)) }, () => {
    const requests = random.uniform() < 0.2 ? 1 : Math.floor(random.between(0, 100))
    return tell(random, kinds[random.uint32() % kinds.length]!, requests)
  })
}

/** All of them in one, merged in some order and grouping, some from their stored form. */
export function mergedAnyhow(all: readonly Told[], random: Random): Distribution {
  const left = all.map(({ distribution }) => Distribution.decode(distribution.encode()))
  while (left.length > 1) {
    const [part] = left.splice(random.uint32() % left.length, 1)
    const into = left[random.uint32() % left.length]
    if (random.uniform() < 0.5) into!.merge(part!)
    else into!.mergeEncoded(part!.encode())
  }
  return left[0] ?? new Distribution()
}
