import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { WebSocket } from 'ws'
import { sequenceOf } from './documents.ts'
import { ADMIN_TOKEN } from './server-process.ts'

const FIGURES = 'at requests errorRate requestsPerSecond inFlight latency { p50Ms p95Ms p99Ms }'
const SAMPLES = `subscription ($id: ID!) {
  inferenceMetrics(deploymentId: $id) { cursor skipped metrics { ${FIGURES} } }
}`
const FLEET = `subscription {
  fleetMetrics { at reported expected totals { requestsPerSecond errorRate latency { p50Ms p99Ms } }
    deployments { deploymentId metrics { requestsPerSecond errorRate latency { p99Ms } } } }
}`

interface Update {
  data?: {
    inferenceMetrics?: { cursor: string; skipped: number; metrics: { at: string } }
    fleetMetrics?: { at: string; reported: number; expected: number }
  }
  errors?: unknown
}

/** What one subscriber has seen; of the messages themselves it keeps nothing. */
export class Seen {
  readonly what: string
  readonly faults: string[] = []
  count = 0
  /** Of a fleet, a state: windows that it passed by for a newer one, and windows that were given again. */
  passedBy = 0
  repeated = 0
  lastSequence = 0
  #lastAtMs = 0

  constructor(what: string) {
    this.what = what
  }

  /** Gives how long after the end of its window it came, in milliseconds. */
  take({ data, errors }: Update, windowMs: number): number {
    const { inferenceMetrics: sample, fleetMetrics: fleet } = data ?? {}
    const at = sample?.metrics.at ?? fleet?.at
    if (errors !== undefined || at === undefined) {
      this.fault(`no data: ${JSON.stringify(errors)}`)
      return 0
    }
    const atMs = Date.parse(at)
    if (sample !== undefined) {
      const sequence = sequenceOf(sample.cursor)
      if (sample.skipped !== 0) this.fault(`skipped ${sample.skipped} before ${sequence}`)
      if (this.count > 0 && sequence !== this.lastSequence + 1) this.fault(`${sequence} after ${this.lastSequence}`)
      this.lastSequence = sequence
    }
    if (fleet !== undefined && fleet.reported !== fleet.expected) {
      this.fault(`${fleet.reported} of ${fleet.expected} deployments at ${at}`)
    }
    const windows = this.count > 0 ? (atMs - this.#lastAtMs) / windowMs : 1
    if (fleet !== undefined && windows === 0) this.repeated += 1
    else if (fleet !== undefined && windows > 1) this.passedBy += windows - 1
    else if (windows !== 1) this.fault(`the window ${at} after ${new Date(this.#lastAtMs).toISOString()}`)
    this.#lastAtMs = atMs
    this.count += 1
    return Date.now() - atMs - windowMs
  }

  fault(what: string): void {
    // The first tell what went wrong; a broken stream would add thousands.
    if (this.faults.length < 20) this.faults.push(`${this.what}: ${what}`)
  }
}

/** Counts of whole milliseconds; what took longer counts as the last. */
export class Lateness {
  readonly #counts = new Uint32Array(60_001)
  #total = 0

  add(ms: number): void {
    const index = Math.min(this.#counts.length - 1, Math.max(0, Math.round(ms)))
    this.#counts[index] = (this.#counts[index] ?? 0) + 1
    this.#total += 1
  }

  /** By nearest rank. */
  quantileMs(q: number): number {
    let left = Math.max(1, Math.ceil(q * this.#total))
    const index = this.#counts.findIndex((count) => {
      left -= count
      return left <= 0
    })
    return index
  }
}

export interface SoakSubscribers {
  seen: Seen[]
  lateness: Lateness
  close(): void
}

export interface SubscriberCounts {
  sockets: number
  perSocket: number
  streams: number
  /** How many of all watch the fleet; the others watch one deployment each, in turn. */
  fleet: number
}

/** Opens them all; each is subscribed when this resolves, or soon after. */
export async function openSubscribers(
  origin: string,
  deploymentIds: readonly string[],
  windowMs: number,
  { sockets, perSocket, streams, fleet }: SubscriberCounts,
): Promise<SoakSubscribers> {
  const seen: Seen[] = []
  const lateness = new Lateness()
  const close: (() => void)[] = []
  const every = Math.floor((sockets * perSocket + streams) / fleet)
  const next = () => {
    const isFleet = seen.length % every === every - 1
    const id = deploymentIds[seen.length % deploymentIds.length] ?? ''
    const one = new Seen(`subscriber ${seen.length + 1} of ${isFleet ? 'the fleet' : id}`)
    seen.push(one)
    return { one, payload: isFleet ? { query: FLEET } : { query: SAMPLES, variables: { id } } }
  }
  const take = (one: Seen, update: Update) => lateness.add(one.take(update, windowMs))
  let closing = false

  for (let n = 0; n < sockets; n += 1) {
    const socket = new WebSocket(`${origin.replace(/^http/, 'ws')}/graphql`, 'graphql-transport-ws')
    await once(socket, 'open')
    const members: Seen[] = []
    socket.on('message', (data: Buffer) => {
      const message = JSON.parse(data.toString()) as { type: string; id?: string; payload?: Update }
      const member = members[Number(message.id)]
      if (message.type === 'next' && member !== undefined) take(member, message.payload ?? {})
      else if (member !== undefined) member.fault(JSON.stringify(message))
    })
    socket.on('close', (code) => {
      if (!closing) for (const member of members) member.fault(`the socket was closed: ${code}`)
    })
    socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization: `Bearer ${ADMIN_TOKEN}` } }))
    await once(socket, 'message')
    for (let id = 0; id < perSocket; id += 1) {
      const { one, payload } = next()
      members.push(one)
      socket.send(JSON.stringify({ type: 'subscribe', id: String(id), payload }))
    }
    close.push(() => socket.close(1000))
  }

  for (let n = 0; n < streams; n += 1) {
    const { one, payload } = next()
    const end = await openStream(origin, payload, (update) => take(one, update))
    end.ended.then(
      () => closing || one.fault('the stream has ended'),
      (error: unknown) => closing || one.fault(`the stream was cut: ${String(error)}`),
    )
    close.push(end.close)
  }
  return {
    seen,
    lateness,
    close() {
      closing = true
      for (const end of close) end()
    },
  }
}

async function openStream(
  origin: string,
  payload: { query: string; variables?: Record<string, string> },
  onUpdate: (update: Update) => void,
): Promise<{ ended: Promise<unknown>; close: () => void }> {
  const parameters = new URLSearchParams({ query: payload.query, variables: JSON.stringify(payload.variables ?? {}) })
  const request = get(`${origin}/graphql?${parameters.toString()}`, {
    headers: { accept: 'text/event-stream', authorization: `Bearer ${ADMIN_TOKEN}` },
    agent: false,
  })
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request.once('response', resolve).once('error', reject)
  })
  if (response.statusCode !== 200) throw new Error(`A stream was answered with ${response.statusCode}.`)
  let rest = ''
  response.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) if (line.startsWith('data: {')) onUpdate(JSON.parse(line.slice(6)) as Update)
  })
  return { ended: once(response, 'end'), close: () => request.destroy() }
}
