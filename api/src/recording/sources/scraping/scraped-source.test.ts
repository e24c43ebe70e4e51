import { createTestDatabase, type TestDatabase, testDatabaseKinds } from '@gaugeline/prisma/testing'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createTestDeps, type TestDeps } from '../../../../test/create-test-deps.ts'
import { CountingServer } from '../../../../test/scraping/counting-server.ts'
import { deployScraped, Scraping, setScraped } from '../../../../test/scraping/scraping.ts'

const START = Date.UTC(2026, 10, 23, 12)
const by = 'amira'

describe.each(await testDatabaseKinds())('scraping on %s', (kind) => {
  let database: TestDatabase
  let deps: TestDeps
  let server: CountingServer
  let scraping: Scraping

  beforeAll(async () => {
    database = await createTestDatabase(kind)
  })
  afterAll(() => database[Symbol.asyncDispose]())
  beforeEach(async () => {
    deps = await createTestDeps(database)
    server = await CountingServer.start()
    scraping = new Scraping(deps)
  })
  afterEach(async () => {
    await scraping[Symbol.asyncDispose]()
    await server[Symbol.asyncDispose]()
  })

  /** Of each sample: seconds from START to the start of its window, its length, and its requests. */
  const samples = async (key: number) =>
    (await deps.services.sampleStore.after(key, 0, 10_000)).map(({ windowStartMs, windowMs, requests }) => [
      (windowStartMs - START) / 1000,
      windowMs / 1000,
      requests,
    ])
  /** Lets time pass while the server serves a request each second. */
  const serve = async (seconds: number, on = scraping) => {
    for (let second = 0; second < seconds; second += 1) {
      server.serve(1)
      await on.pass(1)
    }
  }

  it('counts nothing at first sight, and then what was served in each interval', async () => {
    const { key } = await deployScraped(deps, server.url)
    server.requests = 1000
    await serve(22)
    expect(await samples(key)).toEqual([
      [0, 5, null],
      [5, 5, 5],
      [10, 5, 5],
      [15, 5, 5],
    ])
    const { rows } = await database.pool.query('select * from source_states')
    expect(rows).toEqual([
      expect.objectContaining({
        status: 'WAITING',
        series: 2,
        duration_ms: 1,
        baseline: expect.objectContaining({ atMs: START + 20_000 }),
      }),
    ])
    expect(scraping.errors).toEqual([])
  })
})
