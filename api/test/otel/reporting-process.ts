import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const PROGRAM = fileURLToPath(new URL('reporter.mjs', import.meta.url))

export interface ReporterOrder {
  deployment: string
  encoding: 'protobuf' | 'json'
  temporality: 'DELTA' | 'CUMULATIVE'
  aggregation: 'EXPLICIT_BUCKET_HISTOGRAM' | 'EXPONENTIAL_HISTOGRAM'
}

/** What a reporter recorded by itself. */
export interface ReporterTotals {
  requests: number
  errors: number
  latencySumMs: number
  promptTokens: number
  generatedTokens: number
  latencies: number[]
}

export interface ReporterOptions {
  url: string
  token: string
  reporters: readonly ReporterOrder[]
  exportMs: number
  requestsPerExport: number
  seed: number
}

/** Starts OpenTelemetry's SDK in a process of its own; `stop` sends what is left, and gives the totals of each order. */
export async function startReporters(options: ReporterOptions): Promise<{ stop: () => Promise<ReporterTotals[]> }> {
  const child = spawn(process.execPath, [PROGRAM, JSON.stringify(options)], { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const next = async () => {
    const { value, done } = await lines.next()
    if (done === true) throw new Error('The reporter ended without a word.')
    return value
  }
  await next()
  return {
    stop: async () => {
      const ended = once(child, 'exit')
      child.stdin.end('stop\n')
      const totals = JSON.parse(await next()) as ReporterTotals[]
      await ended
      return totals
    },
  }
}

/** Both encodings, both temporalities and both aggregations. */
export const KINDS: readonly Omit<ReporterOrder, 'deployment'>[] = [
  { encoding: 'protobuf', temporality: 'DELTA', aggregation: 'EXPLICIT_BUCKET_HISTOGRAM' },
  { encoding: 'protobuf', temporality: 'CUMULATIVE', aggregation: 'EXPONENTIAL_HISTOGRAM' },
  { encoding: 'json', temporality: 'DELTA', aggregation: 'EXPONENTIAL_HISTOGRAM' },
  { encoding: 'json', temporality: 'CUMULATIVE', aggregation: 'EXPLICIT_BUCKET_HISTOGRAM' },
]

/** Adds up what several processes recorded for the same orders. */
export function totalsOf(runs: readonly (readonly ReporterTotals[])[]): ReporterTotals[] {
  return KINDS.map((_, at) =>
    runs
      .flatMap((run) => run[at] ?? [])
      .reduce((a, b) => ({
        requests: a.requests + b.requests,
        errors: a.errors + b.errors,
        latencySumMs: a.latencySumMs + b.latencySumMs,
        promptTokens: a.promptTokens + b.promptTokens,
        generatedTokens: a.generatedTokens + b.generatedTokens,
        latencies: [...a.latencies, ...b.latencies],
      })),
  )
}
