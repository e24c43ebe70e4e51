import { readFileSync } from 'node:fs'
import { GraphQLTestClient } from '../graphql-client.ts'
import { SocketConnection } from './connections.ts'
import { FOLLOW_SAMPLES } from './documents.ts'
import { rssMb } from './soak-figures.ts'

const ASK_EVERY_MS = 100
const LOOK_EVERY_MS = 250
/** What the kernel counts processor time in. */
const TICKS_PER_SECOND = 100

export interface NeighbourOptions {
  origin: string
  /** Of another caller than the one who makes the load. */
  token: string
  deploymentId: string
  windowMs: number
  /** The server's. */
  pid: number
}

/** What a well-behaved caller notices of the others: its answers, its samples and the server's readiness. */
export class Neighbour implements AsyncDisposable {
  readonly latencies: number[] = []
  readonly lateness: number[] = []
  /** The status of each look at `/readyz`. */
  readonly readiness: number[] = []
  readonly refusals: string[] = []
  maxRssMb = 0
  readonly #options: NeighbourOptions
  readonly #samples: SocketConnection
  readonly #timers: NodeJS.Timeout[]
  readonly #pending = new Set<Promise<void>>()
  readonly #begunAt = performance.now()
  readonly #cpuSeconds: number

  private constructor(options: NeighbourOptions, samples: SocketConnection) {
    this.#options = options
    this.#samples = samples
    this.#cpuSeconds = cpuSeconds(options.pid)
    const { origin, token, pid, deploymentId, windowMs } = options
    const client = GraphQLTestClient.withToken(origin, token)
    samples.subscribe({
      payload: { query: FOLLOW_SAMPLES, variables: { id: deploymentId } },
      take: (update) => {
        const { inferenceMetrics } = update.data as { inferenceMetrics: { metrics: { at: string } } }
        this.lateness.push(Date.now() - Date.parse(inferenceMetrics.metrics.at) - windowMs)
      },
      fault: (what) => this.refusals.push(what),
    })
    this.#timers = [
      setInterval(() => this.#track(() => this.#ask(client)), ASK_EVERY_MS),
      setInterval(() => {
        this.maxRssMb = Math.max(this.maxRssMb, rssMb(pid))
        this.#track(() => this.#look(origin))
      }, LOOK_EVERY_MS),
    ]
  }

  static async begin(options: NeighbourOptions): Promise<Neighbour> {
    return new Neighbour(options, await SocketConnection.open(options.origin, options.token))
  }

  /** A line of figures, from the beginning until now. */
  toString(): string {
    const seconds = (performance.now() - this.#begunAt) / 1000
    const cores = (cpuSeconds(this.#options.pid) - this.#cpuSeconds) / seconds
    // The first sample was there before.
    const late = this.lateness.slice(1)
    return [
      `samples late p50 ${quantile(late, 0.5)} max ${quantile(late, 1)} ms (${late.length})`,
      `answers p50 ${quantile(this.latencies, 0.5)} p99 ${quantile(this.latencies, 0.99)} max ${quantile(this.latencies, 1)} ms (${this.latencies.length})`,
      `not ready ${this.readiness.filter((status) => status !== 200).length} of ${this.readiness.length}`,
      `refused ${this.refusals.length}`,
      `${cores.toFixed(2)} cores, at most ${this.maxRssMb.toFixed(0)} MB, in ${seconds.toFixed(1)} s`,
    ].join('; ')
  }

  /** Waits for what was asked. */
  async end(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer)
    await Promise.all(this.#pending)
    this.#samples.cut()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end()
  }

  #track(work: () => Promise<void>): void {
    const pending = work().finally(() => this.#pending.delete(pending))
    this.#pending.add(pending)
  }

  async #ask(client: GraphQLTestClient): Promise<void> {
    const from = performance.now()
    const { errors } = await client.request('{ deployments(first: 5) { nodes { id status } } }')
    this.latencies.push(performance.now() - from)
    if (errors !== undefined) this.refusals.push(JSON.stringify(errors))
  }

  async #look(origin: string): Promise<void> {
    const response = await fetch(`${origin}/readyz`)
    await response.text()
    this.readiness.push(response.status)
  }
}

export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return Math.round(sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? NaN)
}

function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
}
