// The load: a process of its own that opens sockets, counts what they are given, and answers its parent.
import { EventStreamSubscriber } from './event-stream-subscriber.ts'
import { request, type RequestLoad } from './requests.ts'
import type { Position, Subscriber, Target } from './subscriber.ts'
import { Tally, type Tallied } from './tally.ts'
import { WebSocketSubscriber } from './websocket-subscriber.ts'

/** Opened at the same time; a storm opens all at once. */
const OPENING = 100
const FAULTS_SHOWN = 5
const PATIENCE_MS = 75_000
/** Time enough to read what the kernels hold. */
const RESUME_MS = 1_000

export interface Load {
  target: Target
  sockets: number
}

export interface Counted extends Tallied {
  /** Endings that nobody asked for, and what should not have been said. */
  faults: string[]
  /** Of this process, in milliseconds. */
  cpuMs: number
}

let target: Target
let tally = new Tally(0, 1, { keepCursors: false })
let subscribers: (Subscriber | undefined)[] = []
const faults: string[] = []
let cpuFromMs = 0

const cpuMs = () => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}
const perSocket = () => target.deploymentIds.length

const commands = {
  /** Prepares for so many sockets at most. */
  prepare(load: Load & { keepCursors: boolean }): void {
    target = load.target
    tally = new Tally(load.sockets * perSocket(), target.intervalMs, load)
  },

  /** Opens more sockets until there are so many, and waits until every subscription has had a sample. */
  async open({ sockets }: { sockets: number }): Promise<void> {
    const first = subscribers.length
    const waiting = Array.from({ length: sockets - first }, (_each, at) => first + at)
    const work = async () => {
      for (let index = waiting.shift(); index !== undefined; index = waiting.shift()) await opened(index)
    }
    const lastAt = tally.lastAt.subarray(0, sockets * perSocket())
    for (let n = 0; n < OPENING; n += 1) void work()
    await until('had a sample', () => lastAt.filter((at) => at > 0).length, lastAt.length)
    waiting.length = 0
  },

  begin(): void {
    faults.length = 0
    tally.begin()
    cpuFromMs = cpuMs()
  },

  end(): Counted {
    const tallied = tally.end(subscribers.length * perSocket())
    return { ...tallied, faults: faults.slice(0, FAULTS_SHOWN), cpuMs: cpuMs() - cpuFromMs }
  },

  /** Reads no more. */
  stall(): void {
    for (const subscriber of subscribers) subscriber?.pause()
  },

  /** Reads on what is left; gives whether the server has cut any of them, which a paused socket cannot tell. */
  async resume(): Promise<boolean> {
    for (const subscriber of subscribers) subscriber?.resume()
    await pause(RESUME_MS)
    return faults.length > 0
  },

  /** Cuts all but the first, each at a time of its own. */
  async cut({ withinMs }: { withinMs: number }): Promise<void> {
    const cuts = subscribers.slice(1).map(async (subscriber, at) => {
      await pause((at * 7919) % withinMs)
      subscribers[at + 1] = undefined
      subscriber?.destroy()
    })
    await Promise.all(cuts)
  },

  /** Opens again what was cut, all at once; gives how long it took until each had all that the first one has. */
  async comeBack(): Promise<number> {
    const newest = tally.lastAt[0] ?? 0
    const from = performance.now()
    for (const index of subscribers.keys()) {
      if (index > 0) void opened(index, { cursor: tally.cursorOf(index), atMs: tally.lastAt[index] ?? 0 })
    }
    await until('came back', () => tally.lastAt.filter((at) => at >= newest).length, tally.lastAt.length)
    return performance.now() - from
  },

  async close(): Promise<void> {
    const leaving = subscribers
    subscribers = []
    tally.lastAt.fill(0)
    for (const subscriber of leaving) subscriber?.destroy()
    await pause(100)
  },

  request: async (load: RequestLoad) => await request(load),

  /** Since `begin`, in milliseconds. */
  cpu: () => cpuMs() - cpuFromMs,
}

export type Commands = typeof commands

/** Resolves when its subscriptions are asked for, or when it has failed, which is a fault. */
async function opened(index: number, after?: Position): Promise<void> {
  const kind = target.transport === 'websocket' ? WebSocketSubscriber : EventStreamSubscriber
  // A machine has some 28,000 ports for each pair of addresses; elsewhere than on Linux there is but one address.
  const localAddress = process.platform === 'linux' ? `127.0.0.${1 + (index % 250)}` : undefined
  const token = target.tokens[index % target.tokens.length]
  await new Promise<void>((resolve) => {
    const subscriber: Subscriber = new kind(
      target,
      { localAddress, token, after },
      {
        onOpen: resolve,
        onMessage: (at, bytes, from, to) => tally.take(index * perSocket() + at, bytes, from, to, now()),
        onEnd: (reason) => {
          resolve()
          if (subscribers[index] === subscriber) faults.push(`socket ${index}: ${reason}`)
        },
      },
    )
    subscribers[index] = subscriber
  })
}

const now = () => performance.timeOrigin + performance.now()

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** Looks every few milliseconds; what takes too long is a fault. Ends at once when something else has failed. */
async function until(what: string, count: () => number, all: number): Promise<void> {
  const from = performance.now()
  while (count() < all && faults.length === 0) {
    if (performance.now() - from > PATIENCE_MS)
      faults.push(`only ${count()} of ${all} ${what} within ${PATIENCE_MS / 1000} s`)
    await pause(5)
  }
}

async function answerTo(command: keyof Commands, argument: never) {
  const work: (argument: never) => unknown = commands[command]
  try {
    return { result: await work(argument) }
  } catch (error) {
    return { error: String(error) }
  }
}

process.on('message', ({ command, argument }: { command: keyof Commands; argument: never }) => {
  void answerTo(command, argument).then((answer) => process.send?.(answer))
})
process.on('disconnect', () => process.exit())
