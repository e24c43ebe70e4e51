import type { Database } from '@gaugeline/prisma'
import { Distribution } from '../src/metrics/distribution.ts'
import type { Sample } from '../src/metrics/sample.ts'
import type { DistributionName, Reasons } from '../src/metrics/window-metrics.ts'
import { MERGED_FIELDS } from '../src/samples/merged-window-columns.ts'
import type { MergedWindow } from '../src/samples/merged-window.ts'
import { SAMPLE_FIELDS } from '../src/samples/sample-columns.ts'

interface Head {
  deploymentKey: number
  modelKey: number
  resolutionMs: number
  throughMs: number
  sequence: number
}

export interface Recount {
  /** Merged windows that are not what the samples say, or that should not be there, or are not. */
  faults: string[]
  /** How many windows were found right, by resolution. */
  windows: Record<number, number>
  /** Samples that are in the finest windows. */
  merged: number
  samples: number
}

const RESOLUTIONS_MS = [10_000, 60_000, 300_000, 600_000, 3_600_000, 86_400_000]

/**
 * Merges all stored samples anew, each resolution from the samples themselves, as far as the watermarks say that they
 * are merged; and compares that with what is stored. Holds for any moment between two statements.
 */
export async function recount({ pool }: Pick<Database, 'pool'>): Promise<Recount> {
  const { rows: samples } = await pool.query<Sample>(
    `select ${SAMPLE_FIELDS} from samples order by deployment_key, sequence`,
  )
  const { rows: stored } = await pool.query<MergedWindow>(`select ${MERGED_FIELDS} from merged_windows`)
  const { rows: heads } = await pool.query<Head>(
    `select deployment_key as "deploymentKey", model_key as "modelKey", resolution_ms as "resolutionMs", sequence,
      (extract(epoch from merged_through) * 1000)::float8 as "throughMs" from resolution_heads`,
  )
  const { rows: states } = await pool.query<{ ms: number | null }>(
    'select (extract(epoch from five_minutes_from) * 1000)::float8 as ms from merge_state',
  )
  const fiveMinutesFromMs = states[0]?.ms ?? -Infinity
  const headOf = new Map(heads.map((head) => [`${head.deploymentKey} ${head.resolutionMs}`, head]))
  const byDeployment = new Map<number, Sample[]>()
  for (const sample of samples) push(byDeployment, sample.deploymentKey, sample)
  const expected = new Map<string, MergedWindow>()
  let merged = 0
  for (const resolutionMs of RESOLUTIONS_MS) {
    const members = new Map<string, MergedWindow[]>()
    for (const [deploymentKey, own] of byDeployment) {
      const finest = headOf.get(`${deploymentKey} 10000`)
      const head = headOf.get(`${deploymentKey} ${resolutionMs}`)
      if (!finest || !head) continue
      const windows = new Map<number, Sample[]>()
      for (const sample of own.filter(({ sequence }) => sequence <= finest.sequence)) {
        if (resolutionMs === 10_000) merged += 1
        const windowStartMs = Math.ceil((sample.windowStartMs + sample.windowMs) / resolutionMs - 1) * resolutionMs
        if (resolutionMs > 10_000 && windowStartMs + resolutionMs > head.throughMs) continue
        if (resolutionMs === 300_000 && windowStartMs < fiveMinutesFromMs) continue
        push(windows, windowStartMs, sample)
      }
      for (const [windowStartMs, inWindow] of windows) {
        const window = ofDeployment(inWindow, resolutionMs, windowStartMs)
        expected.set(keyOf(window), window)
        if (resolutionMs < 60_000) continue
        for (const series of [0, -head.modelKey]) {
          push(members, `${series} ${windowStartMs}`, { ...window, series })
        }
      }
    }
    for (const parts of members.values()) {
      const window = ofMembers(parts)
      expected.set(keyOf(window), window)
    }
  }
  const faults: string[] = []
  const windows: Record<number, number> = Object.fromEntries(RESOLUTIONS_MS.map((ms) => [ms, 0]))
  for (const window of stored) {
    const key = keyOf(window)
    const should = expected.get(key)
    expected.delete(key)
    if (!should) faults.push(`${key} is stored, and nothing is in it`)
    else {
      const wrong = differences(window, should)
      if (wrong.length === 0) windows[window.resolutionMs] = (windows[window.resolutionMs] ?? 0) + 1
      faults.push(...wrong.map((difference) => `${key}: ${difference}`))
    }
  }
  faults.push(...[...expected.keys()].map((key) => `${key} is missing`))
  return { faults, windows, merged, samples: samples.length }
}

function push<K, V>(groups: Map<K, V[]>, key: K, value: V): void {
  const group = groups.get(key)
  if (group) group.push(value)
  else groups.set(key, [value])
}

function keyOf({ series, resolutionMs, windowStartMs }: MergedWindow): string {
  return `${series} ${resolutionMs} ${new Date(windowStartMs).toISOString()}`
}

const sum = (values: (number | null)[]) => {
  const known = values.filter((value) => value !== null)
  return known.length === 0 ? null : known.reduce((total, value) => total + value, 0)
}
type Part = Sample | MergedWindow
type Of<Value> = (part: Part) => Value | null

/** Of all that is in some distributions, so of nothing where one of them does not tell. Without any, 0 if that was told. */
function total(parts: readonly Part[], name: DistributionName, of: Of<number>, join: (values: number[]) => number) {
  const own = parts.filter((part) => part[name] !== null)
  if (own.some((part) => of(part) === null)) return null
  if (own.length > 0) return join(own.map((part) => of(part) ?? 0))
  return parts.some((part) => of(part) !== null) ? 0 : null
}

/** A distribution with its sum and its maximum. */
function distributions(parts: readonly Part[], name: DistributionName, sumOf: Of<number>, maxOf: Of<number>) {
  const merged = new Distribution()
  for (const part of parts) if (part[name]) merged.merge(Distribution.decode(part[name]))
  const sumMs = total(parts, name, sumOf, (values) => values.reduce((all, value) => all + value, 0))
  const maxMs = total(parts, name, maxOf, (values) => Math.max(...values))
  return { all: merged.count > 0 ? merged.encode() : null, sumMs, maxMs }
}

/** The first 16 of all reasons in the alphabet, and the others. */
function reasonsOf(parts: readonly Part[]): Reasons | null {
  const known = parts.map(({ errorsByReason }) => errorsByReason).filter((reasons) => reasons !== null)
  if (known.length === 0) return null
  const counts = new Map<string, number>()
  const all = known.flatMap((reasons) => Object.entries(reasons))
  const named = [...new Set(all.map(([reason]) => reason))].filter((reason) => reason !== 'other').toSorted()
  for (const [reason, count] of all) {
    const shown = named.indexOf(reason) < 16 ? reason : 'other'
    counts.set(shown, (counts.get(shown) ?? 0) + count)
  }
  return Object.fromEntries(counts)
}

function figures(parts: readonly Part[]) {
  const latency = distributions(
    parts,
    'latency',
    ({ latencySumMs }) => latencySumMs,
    ({ latencyMaxMs }) => latencyMaxMs,
  )
  const first = distributions(
    parts,
    'timeToFirstToken',
    ({ timeToFirstTokenSumMs }) => timeToFirstTokenSumMs,
    ({ timeToFirstTokenMaxMs }) => timeToFirstTokenMaxMs,
  )
  const between = distributions(
    parts,
    'interTokenLatency',
    ({ interTokenLatencySumMs }) => interTokenLatencySumMs,
    ({ interTokenLatencyMaxMs }) => interTokenLatencyMaxMs,
  )
  const queue = distributions(
    parts,
    'queueTime',
    ({ queueTimeSumMs }) => queueTimeSumMs,
    ({ queueTimeMaxMs }) => queueTimeMaxMs,
  )
  return {
    requests: sum(parts.map(({ requests }) => requests)),
    errors: sum(parts.map(({ errors }) => errors)),
    errorsByReason: reasonsOf(parts),
    latencySumMs: latency.sumMs,
    latencyMaxMs: latency.maxMs,
    latency: latency.all,
    timeToFirstTokenSumMs: first.sumMs,
    timeToFirstTokenMaxMs: first.maxMs,
    timeToFirstToken: first.all,
    interTokenLatencySumMs: between.sumMs,
    interTokenLatencyMaxMs: between.maxMs,
    interTokenLatency: between.all,
    queueTimeSumMs: queue.sumMs,
    queueTimeMaxMs: queue.maxMs,
    queueTime: queue.all,
    promptTokens: sum(parts.map(({ promptTokens }) => promptTokens)),
    generatedTokens: sum(parts.map(({ generatedTokens }) => generatedTokens)),
    lateReports: sum(parts.map(({ lateReports }) => lateReports)),
  }
}

function ofDeployment(samples: readonly Sample[], resolutionMs: number, windowStartMs: number): MergedWindow {
  const inOrder = samples.toSorted((a, b) => a.sequence - b.sequence)
  const covered = inOrder.map((sample) =>
    Math.min(sample.windowMs, sample.windowStartMs + sample.windowMs - windowStartMs),
  )
  const sources: Partial<Record<string, number>> = {}
  for (const { source, requests } of samples) sources[source] = (sources[source] ?? 0) + (requests ?? 0)
  return {
    series: samples[0]?.deploymentKey ?? 0,
    resolutionMs,
    windowStartMs,
    coveredMs: sum(covered) ?? 0,
    beforeMs: Math.max(0, ...samples.map((sample) => windowStartMs - sample.windowStartMs)),
    firstSequence: inOrder[0]?.sequence ?? null,
    lastSequence: inOrder.at(-1)?.sequence ?? null,
    ...figures(samples),
    inFlight: inOrder.findLast(({ inFlight }) => inFlight !== null)?.inFlight ?? null,
    waiting: inOrder.findLast(({ waiting }) => waiting !== null)?.waiting ?? null,
    kvCacheUsage: inOrder.findLast(({ kvCacheUsage }) => kvCacheUsage !== null)?.kvCacheUsage ?? null,
    sources,
  }
}

function ofMembers(parts: readonly MergedWindow[]): MergedWindow {
  const { series = 0, resolutionMs = 0, windowStartMs = 0 } = parts[0] ?? {}
  return {
    series,
    resolutionMs,
    windowStartMs,
    coveredMs: Math.max(...parts.map(({ coveredMs }) => coveredMs)),
    beforeMs: 0,
    firstSequence: null,
    lastSequence: null,
    ...figures(parts),
    inFlight: sum(parts.map(({ inFlight }) => inFlight)),
    waiting: sum(parts.map(({ waiting }) => waiting)),
    // A state of one deployment, also where there is only one.
    kvCacheUsage: null,
    sources: sourcesOf(parts),
  }
}

function sourcesOf(parts: readonly MergedWindow[]): MergedWindow['sources'] {
  const names = new Set(parts.flatMap(({ sources }) => Object.keys(sources) as (keyof MergedWindow['sources'])[]))
  return Object.fromEntries([...names].map((name) => [name, sum(parts.map(({ sources }) => sources[name] ?? 0)) ?? 0]))
}

function differences(is: MergedWindow, should: MergedWindow): string[] {
  const wrong: string[] = []
  for (const name of Object.keys(should) as (keyof MergedWindow)[]) {
    if (name.endsWith('SumMs')) {
      const [a, b] = [is[name], should[name]] as (number | null)[]
      const isClose =
        a === b || (typeof a === 'number' && typeof b === 'number' && Math.abs(a - b) <= 1e-9 * Math.abs(b))
      if (isClose) continue
    } else if (text(is[name]) === text(should[name])) continue
    wrong.push(`${name} is ${text(is[name])}, not ${text(should[name])}`)
  }
  return wrong
}

function text(value: unknown): string {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex')
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  return JSON.stringify(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
}
