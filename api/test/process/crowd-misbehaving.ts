import { setMaxListeners } from 'node:events'
import { derive, Random, seedOf } from '../../src/recording/sources/simulator/random.ts'
import { CrowdClient, type CrowdPlan } from './crowd-client.ts'
import { type Kind, KINDS, SHARES } from './crowd-kinds.ts'
import { FOLLOW_LARGE_SAMPLES, FOLLOW_SAMPLES, SAMPLE_FIELDS } from './documents.ts'
import { EVENTS, FLEET, SAMPLES, Seen } from './seen.ts'

/** They do not all begin at once. */
const BEGIN_WITHIN_SECONDS = 20
const LARGE_FLEET = `subscription ($filter: DeploymentFilter) {
  fleetMetrics(filter: $filter) { at reported expected totals { ${SAMPLE_FIELDS} }
    deployments { deploymentId metrics { ${SAMPLE_FIELDS} } } }
}`

export interface MisbehavingOptions extends Pick<CrowdPlan, 'origin' | 'deploymentIds' | 'windowMs'> {
  /** Decides what each follows and does; not the times at which the server answers. */
  seed: string
  clients: number
  /** Taken in turn. */
  tokens: readonly string[]
  /** Of the fleet: finds the deployments and no others. */
  search: string
}

/** The misbehaving part of the crowd, until it is stopped. */
export class Misbehaving {
  readonly #options: MisbehavingOptions
  readonly #over = new AbortController()
  readonly #plan: CrowdPlan
  readonly #clients: CrowdClient[] = []
  #running: Promise<unknown> = Promise.resolve()

  constructor(options: MisbehavingOptions) {
    this.#options = options
    setMaxListeners(0, this.#over.signal)
    const random = this.#random(0)
    const { origin, deploymentIds, windowMs, clients } = options
    const herdPeriodMs = Math.round(random.between(30_000, 50_000))
    const over = this.#over.signal
    this.#plan = { origin, deploymentIds, windowMs, over, counts: new Map(), herdPeriodMs }
    for (let n = 1; n <= clients; n += 1) this.#clients.push(this.#client(n))
  }

  get seen(): Seen[] {
    return this.#clients.flatMap(({ seen }) => seen)
  }

  get faults(): string[] {
    return [...this.#clients.flatMap(({ faults }) => faults), ...this.seen.flatMap(({ faults }) => faults)]
  }

  /** By kind: how many there are, and what they did and came to. */
  get outcome(): Record<string, Record<string, number>> {
    const outcome: Record<string, Record<string, number>> = {}
    for (const { kind, seen } of this.#clients) {
      const of = (outcome[kind] ??= { clients: 0, subscriptions: 0, messages: 0, skipped: 0 })
      of['clients'] = (of['clients'] ?? 0) + 1
      of['subscriptions'] = (of['subscriptions'] ?? 0) + seen.length
      for (const { count, skipped } of seen) {
        of['messages'] = (of['messages'] ?? 0) + count
        of['skipped'] = (of['skipped'] ?? 0) + skipped
      }
    }
    for (const [key, count] of this.#plan.counts) {
      const [kind = '', ...what] = key.split(': ')
      const of = outcome[kind]
      if (of !== undefined) of[what.join(': ')] = count
    }
    return outcome
  }

  begin(): void {
    this.#running = Promise.all(
      this.#clients.map(async (client) => {
        try {
          await client.pass(0, BEGIN_WITHIN_SECONDS)
          await KINDS[client.kind](client)
        } catch (error) {
          client.fault(String(error))
        }
      }),
    )
  }

  /** From here on all behave: each comes back, all at once, and reads. Resolves when they are subscribed. */
  async behave(): Promise<void> {
    this.#over.abort()
    await this.#running
    for (const client of this.#clients) client.cut()
    await Promise.all(
      this.#clients.map((client) => client.connect().catch((error: unknown) => client.fault(String(error)))),
    )
  }

  close(): void {
    for (const client of this.#clients) client.cut()
  }

  #client(n: number): CrowdClient {
    const random = this.#random(n)
    const kind = kindAt((n - random.uniform()) / this.#options.clients)
    const { subscriptions, isLarge = false, socketsOnly = false } = SHARES[kind]
    const transport = !socketsOnly && random.uniform() < 0.25 ? 'sse' : 'websocket'
    const many = transport === 'sse' ? 1 : Math.round(random.between(...subscriptions))
    const name = `${kind} ${n}`
    const seen = Array.from({ length: many }, () => this.#seen(name, random, isLarge, transport))
    const { tokens } = this.#options
    return new CrowdClient({
      plan: this.#plan,
      kind,
      name,
      token: tokens[n % tokens.length] ?? '',
      random,
      transport,
      seen,
    })
  }

  #seen(name: string, random: Random, isLarge: boolean, transport: 'websocket' | 'sse'): Seen {
    const { deploymentIds, search, windowMs } = this.#options
    const id = deploymentIds[Math.floor(random.uniform() * deploymentIds.length)] ?? ''
    const drawn = random.uniform()
    const options = (query: string, variables: Record<string, unknown>) => ({
      query,
      variables,
      windowMs,
      mayMiss: true,
    })
    // A stream must be given more, to fill what lies between it and the server.
    if (isLarge && transport === 'sse') {
      return new Seen(`${name} of the fleet`, options(LARGE_FLEET, { filter: { search } }))
    }
    if (isLarge) return new Seen(`${name} of ${id}`, options(FOLLOW_LARGE_SAMPLES, { id }))
    if (drawn < 0.1) return new Seen(`${name} of the fleet`, options(FLEET, { filter: { search } }))
    if (drawn < 0.2) return new Seen(`${name} of all events`, options(EVENTS, {}))
    return new Seen(`${name} of ${id}`, options(drawn < 0.5 ? FOLLOW_SAMPLES : SAMPLES, { id }))
  }

  #random(n: number): Random {
    return new Random(derive(seedOf(this.#options.seed), n))
  }
}

/** Every kind in its share of the way from 0 to 1, so that none is rare by chance. */
function kindAt(place: number): Kind {
  const kinds = Object.entries(SHARES) as [Kind, { share: number }][]
  let at = place * kinds.reduce((sum, [, { share }]) => sum + share, 0)
  for (const [kind, { share }] of kinds) {
    at -= share
    if (at < 0) return kind
  }
  return 'herd'
}
