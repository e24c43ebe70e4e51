import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { monitorEventLoopDelay } from 'node:perf_hooks'

/** Memory of a process, resident, in MB. */
export function rssMb(pid: number): number {
  const status = `/proc/${pid}/status`
  const kb = existsSync(status)
    ? /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(status, 'utf8'))?.[1]
    : execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' }).trim()
  return Number(kb) / 1024
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1 ? (sorted[middle] ?? NaN) : ((sorted[middle - 1] ?? NaN) + (sorted[middle] ?? NaN)) / 2
}

/** What `/metrics` says of the server. */
export interface ServerFigures {
  heapMb: number
  externalMb: number
  cpuSeconds: number
  stored: number
  /** Upper bounds of the buckets that quantiles fall into, in milliseconds. */
  lateness: { p50Ms: number; p99Ms: number; maxMs: number }
}

export async function serverFigures(origin: string, token: string): Promise<ServerFigures> {
  const text = await metricsText(origin, token)
  const value = (name: string) => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1] ?? NaN)
  return {
    heapMb: value('nodejs_heap_size_used_bytes') / 2 ** 20,
    externalMb: value('nodejs_external_memory_bytes') / 2 ** 20,
    cpuSeconds: value('process_cpu_seconds_total'),
    stored: value('gaugeline_samples_stored_total'),
    lateness: latenessOf(text),
  }
}

/** Subscribers, and what is held for them: all 0 once nobody is left. By name and label. */
export async function liveGauges(origin: string, token: string): Promise<Record<string, number>> {
  const text = await metricsText(origin, token)
  const gauges = text.matchAll(/^gaugeline_((?:live|shared|sample_logs|sample_followers|fleet|training)\S*) (\d+)$/gm)
  return Object.fromEntries<number>([...gauges].map(([, name, value]) => [name ?? '', Number(value)]))
}

async function metricsText(origin: string, token: string): Promise<string> {
  const response = await fetch(`${origin}/metrics`, { headers: { authorization: `Bearer ${token}` } })
  const text = await response.text()
  if (response.status !== 200) throw new Error(`/metrics answered ${response.status}: ${text}`)
  return text
}

function latenessOf(text: string): ServerFigures['lateness'] {
  const buckets = [...text.matchAll(/^gaugeline_recording_lateness_seconds_bucket\{le="([^"]+)"\} (\d+)$/gm)].map(
    ([, bound, count]) => ({ boundMs: bound === '+Inf' ? Infinity : Number(bound) * 1000, count: Number(count) }),
  )
  const total = buckets.at(-1)?.count ?? 0
  const quantile = (q: number) => {
    const rank = Math.max(1, Math.ceil(q * total))
    return buckets.find(({ count }) => count >= rank)?.boundMs ?? NaN
  }
  return { p50Ms: quantile(0.5), p99Ms: quantile(0.99), maxMs: quantile(1) }
}

/** What this process, which plays the subscribers, costs by itself: whether it may be what is slow. */
export class LoadFigures {
  readonly #fromMs = performance.now()
  readonly #cpu = process.cpuUsage()
  readonly #delay = monitorEventLoopDelay({ resolution: 10 })

  constructor() {
    this.#delay.enable()
  }

  /** Since this was made. */
  toString(): string {
    const { user, system } = process.cpuUsage(this.#cpu)
    const percent = (user + system) / 10 / (performance.now() - this.#fromMs)
    const [p50, p99, max] = [50, 99, 100].map((p) => (this.#delay.percentile(p) / 1e6).toFixed(0))
    return `${percent.toFixed(1)} % of a core, its timers of 10 ms took p50 ${p50} ms, p99 ${p99} ms, max ${max} ms`
  }
}
