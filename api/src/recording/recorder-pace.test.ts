import { createTestDatabase } from '@gaugeline/prisma/testing'
import { expect, it } from 'vitest'
import { createTestDeps, ManualTime } from '../../test/create-test-deps.ts'
import { Recorder } from './recorder.ts'

it('goes through each window once, although timers fire a little early', async () => {
  await using database = await createTestDatabase('embedded')
  const { bus, services, source } = await createTestDeps(database)
  const time = new ManualTime()
  const through: number[] = []
  let resolve: () => void = () => undefined
  const enough = new Promise<void>((done) => {
    resolve = done
  })
  bus.subscribe('recorded', ({ throughMs }) => {
    through.push((throughMs - time.wallMs) / 1000)
    if (through.length === 4) resolve()
  })
  const recorder = new Recorder({
    store: services.sampleStore,
    sourceOf: () => ({ source, intervalMs: 1000 }),
    bus,
    clock: { now: time.wall },
    intervalMs: 1000,
    onOutage: () => resolve(),
    onSourceError: () => resolve(),
    onRecovery: () => resolve(),
    sleep: async (ms) => time.pass(ms > 1 ? ms - 1 : ms),
  })
  recorder.start()
  await enough
  await recorder.stop()
  expect(through.slice(0, 4)).toEqual([0, 0, 0, 0])
})
