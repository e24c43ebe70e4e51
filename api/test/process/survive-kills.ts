import { randomInt } from 'node:crypto'
import { openDatabase } from '@gaugeline/prisma'
import { createTestDatabase, type TestDatabaseKind } from '@gaugeline/prisma/testing'
import { expect } from 'vitest'
import { Random, seedOf } from '../../src/recording/sources/simulator/random.ts'
import { expectMergedWhole } from '../merged-logs.ts'
import { FOLLOW_EVENTS, FOLLOW_SAMPLES } from './documents.ts'
import { LogSubscriber, persistentClient } from './log-subscriber.ts'
import { MutationWriters } from './mutation-writers.ts'
import { ServerProcess, settingsOf } from './server-process.ts'
import { expectDelivered, expectStoredTruth } from './stored-truth.ts'

const KEPT_DEPLOYMENTS = 3
const SUBSCRIBERS_EACH = 3
const WRITERS = 4

export interface KillOptions {
  kills: number
  /** Kills one server more after every second kill, while it starts. */
  killsStarts?: boolean
}

/**
 * Kills a server under traffic again and again and starts it on the same data; then everything it had promised must be
 * there. `KILL_SEED` repeats the moments of an earlier run.
 */
export async function surviveKills(kind: TestDatabaseKind, { kills, killsStarts = false }: KillOptions): Promise<void> {
  const seed = process.env['KILL_SEED'] ?? String(randomInt(2 ** 31))
  const random = new Random(seedOf(seed))
  console.log(`Killing ${kills} servers on ${kind}, KILL_SEED=${seed}`)
  await using database = await createTestDatabase(kind)
  const { epoch } = database
  await database.close()
  const settings = { ...settingsOf(database), SAMPLE_INTERVAL_MS: '50' }

  let { server, origin } = await ServerProcess.serving(settings)
  const clients = [0, 1, 2].map(() => persistentClient(() => origin))
  try {
    const writers = new MutationWriters(origin)
    const eventLog = new LogSubscriber(clients[0]!, FOLLOW_EVENTS, {})
    const logs = new Map<string, LogSubscriber[]>()
    for (let i = 0; i < KEPT_DEPLOYMENTS; i += 1) {
      const id = await writers.deploy()
      const follow = (n: number) => new LogSubscriber(clients[n % clients.length]!, FOLLOW_SAMPLES, { id })
      logs.set(
        id,
        Array.from({ length: SUBSCRIBERS_EACH }, (_, n) => follow(n)),
      )
    }
    const toggled = await writers.deploy()
    const toggledLog = new LogSubscriber(clients[1]!, FOLLOW_SAMPLES, { id: toggled })
    const steady = [...logs.values()].flat()
    logs.set(toggled, [toggledLog])

    for (let kill = 1; kill <= kills; kill += 1) {
      writers.start(origin, WRITERS, toggled)
      await writers.promises(10)
      await Promise.all([...steady, eventLog].map((each) => each.reaches(each.received.length + 5)))
      expect([...steady, toggledLog, eventLog].flatMap(({ faults }) => faults)).toEqual([])
      await passes(random.between(0, 1000))
      writers.expectDeath()
      await server.kill()
      await writers.end()
      await server[Symbol.asyncDispose]()
      if (killsStarts && kill % 2 === 0) {
        await using starting = ServerProcess.start(settings)
        await passes(random.between(500, 3000))
        await starting.kill()
      }
      ;({ server, origin } = await ServerProcess.serving(settings))
    }

    await Promise.all(steady.map((each) => each.reaches(each.received.length + 5)))
    for (const id of logs.keys()) await writers.pauseForGood(origin, id)
    await expectDelivered(origin, logs, eventLog)
    for (const each of [...logs.values(), eventLog].flat()) each.stop()
    expect(await server.end()).toMatchObject({ code: 0 })
    const mutations = writers.acknowledged.length
    const samples = [...logs.values()].flat().reduce((sum, { received }) => sum + received.length, 0)
    console.log(`${mutations} mutations acknowledged, ${writers.unknown.size} cut off, ${samples} samples delivered`)

    const stored = await openDatabase({ url: database.url, dataDir: database.dataDir ?? '' })
    try {
      expect(stored.epoch).toBe(epoch)
      await expectStoredTruth(stored, writers)
      await expectMergedWhole(stored)
    } finally {
      await stored.close()
    }
  } finally {
    // One that is connecting to a dead server rejects.
    await Promise.allSettled(clients.map(async (client) => client.dispose()))
    await server[Symbol.asyncDispose]()
  }
}

/** A kill comes when it comes. */
function passes(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
