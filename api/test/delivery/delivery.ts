import type { TestDatabaseKind } from '@gaugeline/prisma/testing'
import { derive, Random, seedOf } from '../../src/recording/sources/simulator/random.ts'
import { uuidOf as uuidOfType } from '../../src/graphql/ids.ts'
import { deploy, succeed } from '../acts.ts'
import { createTestApp, type TestApp } from '../create-test-app.ts'
import { nextRound } from '../next-round.ts'
import { FOLLOW_LARGE_SAMPLES } from '../process/documents.ts'
import { removeSamplesBefore } from '../remove-samples.ts'
import { type Connection, openEventStream, openWebSocket } from './connections.ts'
import { type Delivered, INTERVAL_MS, Stream } from './stream.ts'

const DEPLOYMENTS = 3
const CONNECTIONS = 10
const STREAMS = 24
const ACTIONS = 60
const SMALL = `subscription ($id: ID!, $after: SampleCursor) { inferenceMetrics(deploymentId: $id, after: $after) {
  cursor skipped metrics { at requests errors latency { p50Ms p99Ms } } } }`
const RANGES = `subscription ($id: ID!, $after: SampleCursor, $over: Int, $resolution: Int) {
  inferenceMetrics(deploymentId: $id, after: $after, over: $over, resolution: $resolution) {
    cursor skipped metrics { at coveredSeconds requests errors latency { p50Ms p99Ms meanMs } } } }`
const EVENTS = `subscription ($after: EventCursor) { deploymentEvents(after: $after) {
  cursor skipped event { kind deploymentId version } } }`

const uuidOf = (id: string) => uuidOfType('Deployment', id)

/** What one run has come to. */
export interface Outcome {
  faults: string[]
  received: number
  skipped: number
  streams: number
}

/**
 * Drives subscribers of one server through pauses and resumes of their deployments, cuts, restarts, stalls, joins,
 * leaves and retention, all drawn from `seed`, then lets each of them come to the end of its log.
 */
export async function deliverAtRandom(kind: TestDatabaseKind, seed: string): Promise<Outcome> {
  const run = new Run(await createTestApp(kind, { sampleIntervalMs: INTERVAL_MS }), new Random(derive(seedOf(seed), 0)))
  try {
    await run.begin()
    for (let action = 0; action < ACTIONS; action += 1) {
      // One after another: what one does may hang on what the last one did.
      await run.act()
      await run.pass()
    }
    return await run.finish()
  } finally {
    await run[Symbol.asyncDispose]()
  }
}

class Run implements AsyncDisposable {
  #app: TestApp
  readonly #random: Random
  readonly #delivered: Delivered = new Map()
  readonly #connections: Connection[] = []
  readonly #streams: Stream[] = []
  /** Global ids. */
  readonly #active: string[] = []
  readonly #paused: string[] = []
  #removedBeforeMs = -Infinity

  constructor(app: TestApp, random: Random) {
    this.#app = app
    this.#random = random
  }

  async begin(): Promise<void> {
    for (let index = 0; index < DEPLOYMENTS; index += 1) {
      this.#active.push(await deploy(this.#app.client, { modelName: `m${index}` }))
    }
    for (let index = 0; index < STREAMS / 2; index += 1) {
      await this.#join()
    }
  }

  async act(): Promise<void> {
    const actions: [number, () => Promise<void> | void][] = [
      [4, () => this.#join()],
      [2, () => this.#leave()],
      [4, () => this.#cut()],
      [3, () => this.#one(this.#connections)?.stopReading()],
      [3, () => this.#one(this.#connections)?.readOn()],
      [2, () => this.#pause()],
      [3, () => this.#resume()],
      [2, () => this.#removeOld()],
      [0.5, () => this.#restart()],
    ]
    let at = this.#random.uniform() * actions.reduce((sum, [weight]) => sum + weight, 0)
    for (const [weight, action] of actions) {
      at -= weight
      if (at < 0) return await action()
    }
  }

  /** Lets a few windows pass. */
  async pass(): Promise<void> {
    const windows = Math.floor(this.#random.between(0, 12))
    if (this.#active.length === 0 || windows === 0) return
    const seen = await this.#heads()
    for (;;) {
      const now = await this.#heads()
      if (this.#active.some((id) => (now.get(id) ?? 0) >= (seen.get(id) ?? 0) + windows)) return
    }
  }

  /** Everybody comes back, reads on, and comes to the end. */
  async finish(): Promise<Outcome> {
    while (this.#paused.length > 0) {
      await this.#resume()
    }
    for (const connection of this.#connections) connection.readOn()
    for (const stream of this.#streams) {
      if (!stream.isWanted) await this.#subscribe(stream)
    }
    // Events begin with the next one: who has had none yet shall have one.
    while (
      this.#streams.some(({ query, last, faults }) => query === EVENTS && last === undefined && faults.length === 0)
    ) {
      await this.#pause()
      await this.#resume()
    }
    const heads = await this.#heads()
    const events = await this.#app.deps.services.prisma.deploymentEvent.count()
    await Promise.all(
      this.#streams.map((stream) => stream.reaches(heads.get(String(stream.variables['id'])) ?? events)),
    )
    return {
      faults: this.#streams.flatMap(({ faults }) => faults),
      received: this.#streams.reduce((sum, { received }) => sum + received, 0),
      skipped: this.#streams.reduce((sum, { skipped }) => sum + skipped, 0),
      streams: this.#streams.length,
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const connection of this.#connections) connection.cut()
    await this.#app[Symbol.asyncDispose]()
  }

  /** A new subscriber, or one who had left. */
  async #join(): Promise<void> {
    const gone = this.#streams.filter(({ isWanted }) => !isWanted)
    if (this.#streams.length >= STREAMS || (gone.length > 0 && this.#random.uniform() < 0.7)) {
      const stream = this.#one(gone)
      if (stream !== undefined) await this.#subscribe(stream)
      return
    }
    const stream = await this.#newStream()
    this.#streams.push(stream)
    await this.#subscribe(stream)
  }

  async #newStream(): Promise<Stream> {
    const name = `stream ${this.#streams.length + 1}`
    const options = { delivered: this.#delivered, removedBeforeMs: () => this.#removedBeforeMs }
    if (this.#random.uniform() < 0.15) return new Stream(name, EVENTS, {}, { ...options, headBefore: 1 })
    const id = this.#one([...this.#active, ...this.#paused]) ?? ''
    const headBefore = (await this.#heads()).get(id) ?? 0
    await nextRound(this.#app)
    const range = this.#random.uniform()
    if (range < 0.2) return new Stream(name, RANGES, { id, resolution: 1 }, { ...options, headBefore })
    if (range < 0.4) return new Stream(name, RANGES, { id, over: 1 }, { ...options, headBefore })
    const query = this.#random.uniform() < 0.5 ? SMALL : FOLLOW_LARGE_SAMPLES
    return new Stream(name, query, { id }, { ...options, headBefore })
  }

  async #subscribe(stream: Stream): Promise<void> {
    const open = this.#connections.filter(({ hasRoom }) => hasRoom)
    if (this.#connections.length >= CONNECTIONS && open.length > 0) return this.#one(open)?.subscribe(stream)
    const { origin } = this.#app
    const connection = this.#random.uniform() < 0.6 ? await openWebSocket(origin) : openEventStream(origin)
    this.#connections.push(connection)
    connection.subscribe(stream)
  }

  #leave(): void {
    const stream = this.#one(this.#streams.filter(({ isWanted }) => isWanted))
    if (stream === undefined) return
    this.#connections.find(({ streams }) => streams.has(stream))?.leave(stream)
    this.#forgetEmpty()
  }

  #cut(): void {
    const connection = this.#one(this.#connections)
    if (connection === undefined) return
    connection.cut()
    this.#forgetEmpty()
  }

  async #pause(): Promise<void> {
    if (this.#active.length < 2) return
    const id = this.#one(this.#active) ?? ''
    await succeed(this.#app.client, 'pauseDeployment', { deploymentId: id }, 'deployment { id }')
    this.#active.splice(this.#active.indexOf(id), 1)
    this.#paused.push(id)
  }

  async #resume(): Promise<void> {
    const id = this.#one(this.#paused)
    if (id === undefined) return
    await succeed(this.#app.client, 'resumeDeployment', { deploymentId: id }, 'deployment { id }')
    this.#paused.splice(this.#paused.indexOf(id), 1)
    this.#active.push(id)
  }

  /** Older entries are gone: a subscriber that resumes from before them must learn how many it skipped. */
  async #removeOld(): Promise<void> {
    const beforeMs = this.#app.deps.clock.now() - (this.#random.uniform() < 0.5 ? 300 : 1500)
    this.#removedBeforeMs = Math.max(this.#removedBeforeMs, beforeMs)
    await removeSamplesBefore(this.#app.deps, beforeMs)
  }

  async #restart(): Promise<void> {
    this.#app = await this.#app.restart()
    for (const connection of this.#connections) connection.cut()
    this.#connections.length = 0
  }

  /** Newest stored sequences, by deployment. */
  async #heads(): Promise<Map<string, number>> {
    const { prisma, sampleStore } = this.#app.deps.services
    const ids = [...this.#active, ...this.#paused]
    const rows = await prisma.deployment.findMany({
      where: { id: { in: ids.map(uuidOf) } },
      select: { id: true, key: true },
    })
    const heads = await sampleStore.heads(rows.map(({ key }) => key))
    const byKey = new Map(heads.map(({ deploymentKey, sequence }) => [deploymentKey, sequence]))
    return new Map(ids.map((id) => [id, byKey.get(rows.find((row) => row.id === uuidOf(id))?.key ?? 0) ?? 0]))
  }

  /** A connection without a subscription is closed. */
  #forgetEmpty(): void {
    const empty = this.#connections.filter(({ streams }) => streams.size === 0)
    for (const connection of empty) {
      connection.cut()
      this.#connections.splice(this.#connections.indexOf(connection), 1)
    }
  }

  #one<T>(list: readonly T[]): T | undefined {
    return list[Math.floor(this.#random.uniform() * list.length)]
  }
}
