import { setTimeout as delay } from 'node:timers/promises'
import type { Random } from '../../src/recording/sources/simulator/random.ts'
import type { Kind } from './crowd-kinds.ts'
import { type Connection, SocketConnection, StreamConnection } from './connections.ts'
import type { Seen } from './seen.ts'

/** What all who misbehave have in common. */
export interface CrowdPlan {
  origin: string
  deploymentIds: readonly string[]
  windowMs: number
  /** Aborted when it is time to behave. */
  over: AbortSignal
  /** How often which happened. */
  counts: Map<string, number>
  /** Herds leave and return when the time since 1970 is a multiple of this. */
  herdPeriodMs: number
}

export interface CrowdClientOptions {
  plan: CrowdPlan
  kind: Kind
  name: string
  token: string
  random: Random
  transport: 'websocket' | 'sse'
  /** Its subscriptions, one over SSE: always the same, each resumed where it was left. */
  seen: readonly Seen[]
}

/** One who misbehaves, over any number of connections. What they then are given must be right nevertheless. */
export class CrowdClient {
  readonly #options: CrowdClientOptions
  readonly faults: string[] = []
  #connection: Connection | undefined
  #mayBeCut = false

  constructor(options: CrowdClientOptions) {
    this.#options = options
  }

  get plan(): CrowdPlan {
    return this.#options.plan
  }

  get kind(): Kind {
    return this.#options.kind
  }

  get token(): string {
    return this.#options.token
  }

  get random(): Random {
    return this.#options.random
  }

  get seen(): readonly Seen[] {
    return this.#options.seen
  }

  get transport(): 'websocket' | 'sse' {
    return this.#options.transport
  }

  get isOver(): boolean {
    return this.plan.over.aborted
  }

  /** Connects and subscribes to everything again, each log after its cursor. */
  async connect(): Promise<Connection> {
    const { plan, token, seen, transport } = this.#options
    const [first] = seen
    for (const one of seen) one.begins()
    let connection: Connection
    if (transport === 'sse' && first !== undefined) {
      connection = await StreamConnection.open(plan.origin, token, first)
    } else {
      const socket = await SocketConnection.open(plan.origin, token)
      for (const one of seen) socket.subscribe(one)
      connection = socket
    }
    this.count('connections')
    this.#connection = connection
    this.#mayBeCut = false
    void connection.ended.then((reason) => {
      if (this.#connection === connection && !this.#mayBeCut) this.fault(`the connection has ended: ${reason}`)
    })
    return connection
  }

  /** The same, for kinds that come by WebSocket only. */
  async connectSocket(): Promise<SocketConnection> {
    const connection = await this.connect()
    if (!(connection instanceof SocketConnection)) throw new Error('Not a WebSocket.')
    return connection
  }

  stopReading(): void {
    this.#mayBeCut = true
    this.#connection?.stopReading()
  }

  /** From here on it must be served: what had to be cut was. */
  readsAgain(): void {
    this.#mayBeCut = false
  }

  /** Deserves the end of its connection, with this close code. */
  async mustBeClosed(connection: Connection, code: string, why: string): Promise<void> {
    const reason = await this.within(connection.ended, 20_000)
    if (reason?.startsWith(code) !== true) this.fault(`${why} was answered with ${reason ?? 'nothing'}, not ${code}`)
    this.count(`${why}: ${code}`)
  }

  /** It is about to do what its connection is closed for. */
  provokes(): void {
    this.#mayBeCut = true
  }

  cut(): void {
    const connection = this.#connection
    this.#connection = undefined
    connection?.cut()
  }

  /** Lets some seconds pass, drawn between these; less when it is time to behave. */
  async pass(fromSeconds: number, toSeconds = fromSeconds): Promise<void> {
    const ms = this.random.between(fromSeconds, toSeconds) * 1000
    try {
      await delay(ms, undefined, { signal: this.plan.over })
    } catch (error) {
      if (!this.isOver) throw error
    }
  }

  /** What it resolves to, or undefined after so long. */
  async within<T>(promise: Promise<T>, ms: number): Promise<T | undefined> {
    const abort = new AbortController()
    const late = delay(ms, undefined, { signal: abort.signal }).catch(() => undefined)
    try {
      return await Promise.race([promise, late])
    } finally {
      abort.abort()
    }
  }

  /** Drawn with this probability. */
  happens(probability: number): boolean {
    return this.random.uniform() < probability
  }

  oneOf<T>(list: readonly [T, ...T[]]): T {
    return list[Math.floor(this.random.uniform() * list.length)] ?? list[0]
  }

  count(what: string, by = 1): void {
    const { counts } = this.plan
    const key = `${this.kind}: ${what}`
    counts.set(key, (counts.get(key) ?? 0) + by)
  }

  fault(what: string): void {
    if (this.faults.length < 20) this.faults.push(`${this.#options.name}: ${what}`)
  }
}
