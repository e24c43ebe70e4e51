import { createTestDatabase, type TestDatabase, testDatabaseKinds } from '@gaugeline/prisma/testing'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { TEST_START_MS, type TestDeps } from '../../../../test/create-test-deps.ts'
import { CountingServer } from '../../../../test/scraping/counting-server.ts'
import { deployScraped, Scraping, setScraped, setUpScraping } from '../../../../test/scraping/scraping.ts'

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
    ;({ deps, server, scraping } = await setUpScraping(database))
  })
  afterEach(async () => {
    await scraping[Symbol.asyncDispose]()
    await server[Symbol.asyncDispose]()
  })

  /** What the next sample counts from. */
  const storedCount = async () => {
    const { rows } = await database.pool.query<{ series: Record<string, number[]> }>(
      `select baseline->'series' as series from source_states`,
    )
    return Object.values(rows[0]?.series ?? {})[0]?.[0] ?? 0
  }
  const serve = (seconds: number, ...others: Scraping[]) => scraping.serve(server, seconds, ...others)

  it('counts nothing at first sight, and then what was served in each interval', async () => {
    const { key } = await deployScraped(deps, server.url)
    server.waiting = 3
    await serve(22)
    expect(await scraping.samples(key)).toEqual([
      [0, 5, null],
      [5, 5, 5],
      [10, 5, 5],
      [15, 5, 5],
    ])
    const [first] = await deps.services.sampleStore.after(key, 0, 1)
    expect(first).toMatchObject({ waiting: 3, source: 'SCRAPED' })
    const { rows } = await database.pool.query('select * from source_states')
    expect(rows).toEqual([expect.objectContaining({ series: 2, duration_ms: expect.any(Number), server: 'VLLM' })])
    expect(rows).toMatchObject([{ baseline: { atMs: TEST_START_MS + 20_000 } }])
    expect(scraping.errors).toEqual([])
  })

  it('counts from the first whole window on when it is deployed in the middle of one', async () => {
    deps.time.pass(2000)
    const { key } = await deployScraped(deps, server.url)
    await serve(15)
    expect(await scraping.samples(key)).toEqual([
      [5, 5, 5],
      [10, 5, 5],
    ])
  })

  it('covers the windows of scrapes that failed with the next sample', async () => {
    const { key } = await deployScraped(deps, server.url)
    await serve(12)
    for (const manner of ['fails', 'breaks off', 'is no model server'] as const) {
      server.manner = manner
      await serve(5)
    }
    server.manner = 'answers'
    await serve(10)
    expect(await scraping.samples(key)).toEqual([
      [0, 5, null],
      [5, 5, 5],
      [10, 20, 20],
      [30, 5, 5],
    ])
    expect(scraping.outcomes).toEqual([null, null, 'STATUS', 'TRUNCATED', 'NOT_METRICS', null, null])
  })

  it('counts nothing after a gap of more than a minute, and everything after that', async () => {
    const { key } = await deployScraped(deps, server.url)
    await serve(12)
    server.manner = 'fails'
    await serve(60)
    server.manner = 'answers'
    await serve(10)
    expect((await scraping.samples(key)).slice(1)).toEqual([
      [5, 5, 5],
      [70, 5, null],
      [75, 5, 5],
    ])
  })

  it('counts what a target has counted since it was started again', async () => {
    const { key } = await deployScraped(deps, server.url)
    await serve(17)
    server.restart()
    server.serve(2)
    await serve(5)
    // Those until the scrape a moment after the end of the window.
    expect((await scraping.samples(key)).slice(-1)).toEqual([[15, 5, 2 + 3 + 1]])
  })

  it('loses no span and doubles none when the server is started again', async () => {
    const { key } = await deployScraped(deps, server.url)
    await serve(12)
    await scraping[Symbol.asyncDispose]()
    server.serve(14)
    deps.time.pass(14_000)
    scraping = new Scraping(deps)
    await serve(9)
    expect(await scraping.samples(key)).toEqual([
      [0, 5, null],
      [5, 5, 5],
      [10, 20, 20],
    ])
  })

  it('counts everything once when two servers scrape on the same database', async () => {
    const { key } = await deployScraped(deps, server.url)
    await using other = new Scraping(deps, scraping)
    // Each of them sees another count.
    server.betweenScrapes = 1
    await serve(7, other)
    const counted = await storedCount()
    for (let round = 0; round < 12; round += 1) {
      server.manner = round % 4 === 3 ? 'fails' : 'answers'
      const [first, second] = round % 2 === 0 ? [scraping, other] : [other, scraping]
      // Each of them is the one that stores at times.
      for (let passed = 0; passed < 5; passed += 1) {
        server.serve(1)
        await first.pass(1, second)
      }
    }
    server.manner = 'answers'
    await serve(4, other)
    const stored = await scraping.samples(key)
    const sum = stored.reduce((total, [, , requests]) => total + Number(requests), 0)
    expect(sum).toBe((await storedCount()) - counted)
    expect(sum).toBeGreaterThan(55)
    const ends = stored.map(([start, length]) => Number(start) + Number(length))
    expect(stored.map(([start]) => start)).toEqual([0, ...ends.slice(0, -1)])
    expect([...scraping.errors, ...other.errors]).toEqual([])
  })

  it('counts nothing of a pause', async () => {
    const { id, key } = await deployScraped(deps, server.url)
    await serve(12)
    await deps.services.deployments.pause(id, { by })
    await scraping.record()
    const { scrapes } = server
    await serve(11)
    expect(server.scrapes).toBe(scrapes)
    await deps.services.deployments.resume(id, { by })
    await serve(17)
    expect((await scraping.samples(key)).slice(1)).toEqual([
      [5, 5, 5],
      [25, 5, 5],
      [30, 5, 5],
    ])
  })

  it('counts from anew when it scrapes another target, in windows of another length that do not overlap', async () => {
    await using other = await CountingServer.start()
    other.requests = 5000
    const { key } = await deployScraped(deps, server.url)
    await serve(12)
    await setScraped(deps, key, other.url, { intervalMs: 2000 })
    await scraping.recorder.recordUntil(deps.clock.now() + 5000)
    const { scrapes } = server
    for (let second = 0; second < 8; second += 1) {
      other.serve(10)
      await serve(1)
    }
    expect(server.scrapes).toBe(scrapes)
    expect((await scraping.samples(key)).slice(1)).toEqual([
      [5, 5, 5],
      [12, 2, 20],
      [14, 2, 20],
      [16, 2, 20],
    ])
  })
})
