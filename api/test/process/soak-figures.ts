import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'

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
  const response = await fetch(`${origin}/metrics`, { headers: { authorization: `Bearer ${token}` } })
  const text = await response.text()
  if (response.status !== 200) throw new Error(`/metrics answered ${response.status}: ${text}`)
  const value = (name: string) => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1] ?? NaN)
  return {
    heapMb: value('nodejs_heap_size_used_bytes') / 2 ** 20,
    externalMb: value('nodejs_external_memory_bytes') / 2 ** 20,
    cpuSeconds: value('process_cpu_seconds_total'),
    stored: value('gaugeline_samples_stored_total'),
    lateness: latenessOf(text),
  }
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
