import type { GraphQLFieldConfig } from 'graphql'
import { GraphQLInt, GraphQLNonNull, GraphQLObjectType, GraphQLSchema, GraphQLString } from 'graphql'
import type { Viewer } from '../src/base/viewer.ts'
import { type RefusalCode, RefusedError } from '../src/base/errors.ts'
import { LiveLog, type LogEntry } from '../src/fanout/live-log.ts'
import { LogSource } from '../src/fanout/log-source.ts'
import type { SharedSource } from '../src/fanout/shared-source.ts'

interface TestContext {
  viewer: Viewer
}

/** What the throwaway schema does, seen and steered from a test. */
export class TestState {
  /** Numbers taken from sources and lengths asked of `padded`, over all callers. */
  pulled = 0
  /** Sources that have ended. */
  closedSources = 0
  #onSourceClosed: (() => void)[] = []
  mutations = 0
  #lastPulled = -1
  readonly #waiting: (() => void)[] = []
  readonly #onWait: (() => void)[] = []

  /** How many times `wait` is being executed. */
  get waiting(): number {
    return this.#waiting.length
  }

  /** Resolves once `wait` is being executed. */
  async untilWaiting(): Promise<void> {
    if (this.#waiting.length === 0) await new Promise<void>((resolve) => this.#onWait.push(resolve))
  }

  /**
   * Resolves when nothing more is pulled: not in two hundred turns of the event loop, each of which can move data. This
   * reads progress, not time.
   */
  async untilPulledStandsStill(): Promise<void> {
    let turnsAtRest = 0
    while (turnsAtRest < 200) {
      await new Promise((resolve) => setTimeout(resolve, 1))
      turnsAtRest = this.pulled > 0 && this.pulled === this.#lastPulled ? turnsAtRest + 1 : 0
      this.#lastPulled = this.pulled
    }
  }

  /** Resolves once so many sources have ended. */
  async untilClosedSources(count: number): Promise<void> {
    while (this.closedSources < count) await new Promise<void>((resolve) => this.#onSourceClosed.push(resolve))
  }

  sourceClosed(): void {
    this.closedSources += 1
    for (const resolve of this.#onSourceClosed.splice(0)) resolve()
  }

  async wait(): Promise<string> {
    const released = new Promise<void>((resolve) => this.#waiting.push(resolve))
    for (const resolve of this.#onWait.splice(0)) resolve()
    await released
    return 'waited'
  }

  padded(length: number): string {
    this.pulled += 1
    return '.'.repeat(length)
  }

  release(): void {
    for (const resolve of this.#waiting.splice(0)) resolve()
  }
}

interface NumbersOptions {
  /** The log of the numbers ends after the last one. */
  ends?: boolean
  /** What cannot be read: this number and those after it. */
  failsAt?: number
}

/** The numbers 1 to `to`, from a stored log as the API's own sources are. They can be read one by one only. */
function numbers(state: TestState, to: number, options: NumbersOptions = {}) {
  return sourceOf(state, logOf(to, options))
}

function logOf(to: number, { ends = false, failsAt = Infinity }: NumbersOptions = {}): LiveLog<LogEntry> {
  const log = new LiveLog<LogEntry>({
    head: to,
    capacity: 1,
    readAfter: async (sequence) => {
      if (sequence + 1 >= failsAt) throw new Error('secret detail of the source')
      return [{ sequence: sequence + 1 }]
    },
    onError: () => undefined,
  })
  if (ends) log.close()
  return log
}

function sourceOf(state: TestState, log: LiveLog<LogEntry>): LogSource<LogEntry, number> {
  return new LogSource(log, {
    after: 0,
    maxBehind: Infinity,
    payloadOf: ({ entry }) => {
      state.pulled += 1
      return entry.sequence
    },
    onEnd: () => state.sourceClosed(),
  })
}

/** Gives its source only when the test says so. */
async function numbersAfterWait(state: TestState, to: number) {
  await state.wait()
  return numbers(state, to)
}

/** A throwaway schema: one field for each thing that a transport must get right. */
export function createTestSchema(state: TestState): GraphQLSchema {
  /** Its subscribers may share a group. */
  const everybodys = logOf(2)
  const sharedError = new Error('secret detail of a shared bug')
  const text = new GraphQLNonNull(GraphQLString)
  const number = new GraphQLNonNull(GraphQLInt)
  const subscription = (
    subscribe: (args: { to: number }) => SharedSource<number> | Promise<SharedSource<number>>,
  ): GraphQLFieldConfig<number, TestContext, { to: number; padding: number }> => ({
    type: text,
    args: { to: { type: number, defaultValue: 0 }, padding: { type: number, defaultValue: 0 } },
    subscribe: (_root, args) => subscribe(args),
    resolve: (value, { padding }) => `${value}${'.'.repeat(padding)}`,
  })
  return new GraphQLSchema({
    query: new GraphQLObjectType<unknown, TestContext>({
      name: 'Query',
      fields: {
        hello: {
          type: text,
          args: { name: { type: GraphQLString } },
          resolve: (_root, { name }: { name?: string }) => `hello ${name}`,
        },
        double: {
          type: number,
          args: { value: { type: number } },
          resolve: (_root, { value }: { value: number }) => value * 2,
        },
        echo: {
          type: number,
          args: { to: { type: number, defaultValue: 0 } },
          resolve: (_root, { to }: { to: number }) => to,
        },
        whoami: { type: text, resolve: (_root, _args, { viewer }) => viewer.name },
        wait: { type: text, resolve: () => state.wait() },
        padded: {
          type: text,
          args: { length: { type: number } },
          resolve: (_root, { length }: { length: number }) => state.padded(length),
        },
        bug: {
          type: GraphQLString,
          resolve: () => {
            throw new Error('secret detail of a bug')
          },
        },
        sameBug: {
          type: GraphQLString,
          resolve: () => {
            throw sharedError
          },
        },
        brokenType: { type: GraphQLInt, resolve: () => 'secret text where a number belongs' },
        refused: {
          type: text,
          args: { code: { type: text } },
          resolve: (_root, { code }: { code: RefusalCode }) => {
            throw new RefusedError(code, 'Not now, not here, not for you.')
          },
        },
        forbidden: {
          type: GraphQLString,
          resolve: () => {
            throw new RefusedError('FORBIDDEN', 'Not for you.')
          },
        },
        nonNullBug: {
          type: text,
          resolve: () => {
            throw new Error('secret detail of another bug')
          },
        },
        databaseGone: {
          type: text,
          resolve: () => {
            throw new DatabaseGone('connect ECONNREFUSED 10.0.0.7')
          },
        },
      },
    }),
    mutation: new GraphQLObjectType<unknown, TestContext>({
      name: 'Mutation',
      fields: { bump: { type: number, resolve: () => (state.mutations += 1) } },
    }),
    subscription: new GraphQLObjectType<number, TestContext>({
      name: 'Subscription',
      fields: {
        count: subscription(({ to }) => numbers(state, to)),
        countAfterWait: subscription(({ to }) => numbersAfterWait(state, to)),
        countThenEnd: subscription(({ to }) => numbers(state, to, { ends: true })),
        oddOnly: {
          ...subscription(() => sourceOf(state, everybodys)),
          resolve: (value) => {
            if (value % 2 === 0) throw new RefusedError('FORBIDDEN', `${value} is even.`)
            return String(value)
          },
        },
        failing: subscription(() => numbers(state, 2, { failsAt: 2 })),
      },
    }),
  })
}

/** Stands for an error of a part below that means UNAVAILABLE. */
export class DatabaseGone extends Error {}
