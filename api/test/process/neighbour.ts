import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { Agent, type IncomingMessage, request } from 'node:http'
import { text } from 'node:stream/consumers'
import { SocketConnection } from './connections.ts'
import { FOLLOW_SAMPLES } from './documents.ts'
import { rssMb } from './soak-figures.ts'

const ASK_EVERY_MS = 100
const LOOK_EVERY_MS = 250
/** So many questions at most: one who waits for answers does not ask ever more. */
const MAX_PENDING = 3
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
  readonly #agent = new Agent({ keepAlive: true })
  readonly #timers: NodeJS.Timeout[]
  readonly #pending = new Set<Promise<void>>()
  readonly #begunAt = performance.now()
  readonly #cpuSeconds: number

  private constructor(options: NeighbourOptions, samples: SocketConnection) {
    this.#options = options
    this.#samples = samples
    this.#cpuSeconds = cpuSeconds(options.pid)
    const { pid, deploymentId, windowMs } = options
    samples.subscribe({
      payload: { query: FOLLOW_SAMPLES, variables: { id: deploymentId } },
      take: (update) => {
        const { inferenceMetrics } = update.data as { inferenceMetrics: { metrics: { at: string } } }
        this.lateness.push(Date.now() - Date.parse(inferenceMetrics.metrics.at) - windowMs)
      },
      fault: (what) => this.refusals.push(what),
    })
    this.#timers = [
      setInterval(() => this.#track(() => this.#ask()), ASK_EVERY_MS),
      setInterval(() => {
        this.maxRssMb = Math.max(this.maxRssMb, rssMb(pid))
        this.#track(() => this.#look())
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
    this.#agent.destroy()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end()
  }

  #track(work: () => Promise<void>): void {
    if (this.#pending.size >= MAX_PENDING) return
    const pending = work().finally(() => this.#pending.delete(pending))
    this.#pending.add(pending)
  }

  async #ask(): Promise<void> {
    const query = '{ deployments(first: 5) { nodes { id status } } }'
    const from = performance.now()
    const { body } = await this.#send('POST', '/graphql', JSON.stringify({ query }))
    this.latencies.push(performance.now() - from)
    if (body.includes('"errors"')) this.refusals.push(body)
  }

  async #look(): Promise<void> {
    this.readiness.push((await this.#send('GET', '/readyz')).status)
  }

  /** On connections that are its own and stay open: those of the load wait in the kernel to be accepted. */
  async #send(method: string, path: string, body?: string): Promise<{ status: number; body: string }> {
    const { origin, token } = this.#options
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` }
    const sent = request(origin + path, { method, headers, agent: this.#agent })
    sent.end(body)
    const [response] = (await once(sent, 'response')) as [IncomingMessage]
    return { status: response.statusCode ?? 0, body: await text(response) }
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
