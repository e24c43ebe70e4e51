import { describe, expect, it } from 'vitest'
import { Queue } from './queue.ts'
import type { Bus, DeletedTrainingJob, DeploymentEventRecord } from '../src/bus/bus.ts'
import type { Sample } from '../src/metrics/sample.ts'
import { plainMetrics } from './plain-metrics.ts'
import { sampleOf } from './sample-of.ts'

/** A bus as two servers have it; with the bus of a single server both ends are the same one. */
export interface BusUnderTest extends AsyncDisposable {
  publisher: Bus
  receiver: Bus
  /** What handlers threw, as it was reported. */
  handlerErrors: Queue<unknown>
}

const sample = sampleOf({
  deploymentKey: 7,
  sequence: 12,
  windowStartMs: Date.UTC(2026, 10, 23, 12),
  windowMs: 1000,
  requests: 3,
  errors: 1,
  latencySumMs: 123.456_789_012_3,
  latencyMaxMs: 99.000_000_000_1,
  latency: Uint8Array.of(1, 0, 255, 128),
  promptTokens: 2 ** 40,
  generatedTokens: null,
  inFlight: 0,
})

const event = (sequence: number): DeploymentEventRecord => ({
  sequence,
  id: '018f2f6e-1111-7abc-8def-0123456789ab',
  kind: 'DEPLOYED',
  at: new Date(Date.UTC(2026, 10, 23, 12, 0, 0, 7)),
  by: 'Ämira 🦀',
  note: null,
  deploymentId: '018f2f6e-1111-7abc-8def-0123456789ac',
  modelName: 'team/model',
  versionNumber: 0,
})

/** Some of its columns: a bus carries them without knowing them. */
const deleted = {
  id: 'a job',
  progress: 1 / 3,
  hyperparameters: { layers: [1, null] },
  createdAt: new Date(Date.UTC(2026, 10, 23)),
  finishedAt: null,
  model: { name: 'team/model' },
  deployments: [],
} as unknown as DeletedTrainingJob

/**
 * What every bus keeps. Nothing here supposes that a message is there when `publish` returns, nor that one published
 * before `subscribe` returned is not.
 */
export function describeBus(kind: string, create: () => Promise<BusUnderTest>): void {
  const sequencesOf = (bus: Bus) => {
    const received = new Queue<number>()
    return { received, unsubscribe: bus.subscribe('deploymentEvent', ({ sequence }) => received.push(sequence)) }
  }

  describe(`the bus ${kind}`, () => {
    it('delivers messages in the order of publishing, each once to each subscriber', async () => {
      await using bus = await create()
      const [one, other] = [sequencesOf(bus.receiver), sequencesOf(bus.receiver)]
      const numbers = Array.from({ length: 50 }, (_, index) => index + 1)
      for (const number of numbers) bus.publisher.publish('deploymentEvent', event(number))
      expect(await one.received.take(50)).toEqual(numbers)
      expect(await other.received.take(50)).toEqual(numbers)
      expect([one.received.size, other.received.size]).toEqual([0, 0])
    })

    it('delivers what was published, down to its dates, bytes, nulls and last digits', async () => {
      await using bus = await create()
      const received = new Queue<unknown>()
      bus.receiver.subscribe('recorded', (message) => received.push(message))
      bus.receiver.subscribe('deploymentEvent', (message) => received.push(message))
      bus.receiver.subscribe('trainingJob', (message) => received.push(message))
      const step = { step: 4, loss: 0.1 + 0.2, accuracy: null, at: new Date(Date.UTC(2026, 0, 1)) }
      const messages = [
        { throughMs: sample.windowStartMs + 1000, samples: [sample, { ...sample, latency: null }], last: true },
        event(3),
        { trainingJobId: 'a job', newSteps: [step] },
        { trainingJobId: 'a job', newSteps: [], deleted },
      ] as const
      bus.publisher.publish('recorded', messages[0])
      expect(plain(await received.next())).toEqual(plain(messages[0]))
      bus.publisher.publish('deploymentEvent', messages[1])
      expect(await received.next()).toEqual(messages[1])
      bus.publisher.publish('trainingJob', messages[2])
      expect(await received.next()).toEqual(messages[2])
      bus.publisher.publish('trainingJob', messages[3])
      expect(await received.next()).toEqual(messages[3])
    })

    it('delivers a topic only to those who subscribed to it', async () => {
      await using bus = await create()
      const { received } = sequencesOf(bus.receiver)
      const jobs = new Queue<string>()
      bus.receiver.subscribe('trainingJob', ({ trainingJobId }) => jobs.push(trainingJobId))
      bus.publisher.publish('trainingJob', { trainingJobId: 'one', newSteps: [] })
      bus.publisher.publish('deploymentEvent', event(1))
      bus.publisher.publish('trainingJob', { trainingJobId: 'two', newSteps: [] })
      expect([await jobs.take(2), await received.next()]).toEqual([['one', 'two'], 1])
      expect([jobs.size, received.size]).toEqual([0, 0])
    })

    it('delivers nothing more to who unsubscribed, also while a message is handled, and all to the others', async () => {
      await using bus = await create()
      const once: number[] = []
      const stop = bus.receiver.subscribe('deploymentEvent', ({ sequence }) => {
        once.push(sequence)
        stop()
      })
      const early = sequencesOf(bus.receiver)
      early.unsubscribe()
      early.unsubscribe()
      const stays = sequencesOf(bus.receiver)
      for (const number of [1, 2, 3]) bus.publisher.publish('deploymentEvent', event(number))
      expect(await stays.received.take(3)).toEqual([1, 2, 3])
      expect([once, early.received.size]).toEqual([[1], 0])
    })

    it('takes one function that subscribes twice for two subscribers', async () => {
      await using bus = await create()
      const received = new Queue<number>()
      const handler = ({ sequence }: DeploymentEventRecord) => received.push(sequence)
      const stop = bus.receiver.subscribe('deploymentEvent', handler)
      bus.receiver.subscribe('deploymentEvent', handler)
      bus.publisher.publish('deploymentEvent', event(1))
      expect(await received.take(2)).toEqual([1, 1])
      stop()
      const last = sequencesOf(bus.receiver)
      bus.publisher.publish('deploymentEvent', event(2))
      expect([await last.received.next(), await received.next(), received.size]).toEqual([2, 2, 0])
    })

    it('reports what a handler throws, and serves the others and the next message all the same', async () => {
      await using bus = await create()
      bus.receiver.subscribe('deploymentEvent', ({ sequence }) => {
        throw new Error(`bad ${sequence}`)
      })
      const { received } = sequencesOf(bus.receiver)
      expect(() => bus.publisher.publish('deploymentEvent', event(1))).not.toThrow()
      bus.publisher.publish('deploymentEvent', event(2))
      expect(await received.take(2)).toEqual([1, 2])
      expect(await bus.handlerErrors.take(2)).toEqual([new Error('bad 1'), new Error('bad 2')])
    })

    it('lets a publisher without subscribers continue', async () => {
      await using bus = await create()
      bus.publisher.publish('deploymentEvent', event(1))
      const { received } = sequencesOf(bus.receiver)
      bus.publisher.publish('deploymentEvent', event(2))
      // Where messages take their time the first one may still arrive.
      let next = await received.next()
      if (next === 1) next = await received.next()
      expect(next).toBe(2)
    })
  })
}

/** Bytes are equal whatever class holds them. */
function plain(message: unknown): unknown {
  const { samples, ...rest } = message as { samples: readonly Sample[] }
  return {
    ...rest,
    samples: samples.map(plainMetrics),
  }
}
