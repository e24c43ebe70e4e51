import { createTestDatabase, type TestDatabase, testDatabaseKinds } from '@gaugeline/prisma/testing'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { TestDeps } from '../../../../test/create-test-deps.ts'
import { CountingServer } from '../../../../test/scraping/counting-server.ts'
import { countThroughFaults } from '../../../../test/scraping/random-faults.ts'
import { deployScraped, Scraping, setUpScraping } from '../../../../test/scraping/scraping.ts'

describe.each(await testDatabaseKinds())('scraping through faults on %s', (kind) => {
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

  const serve = (seconds: number) => scraping.serve(server, seconds)

  it.each([
    ['was stored', true],
    ['was not stored', false],
  ])('counts once when the answer of a statement is lost that %s', async (_, isStored) => {
    const { key } = await deployScraped(deps, server.url)
    await serve(12)
    scraping.loseAnswer(isStored)
    await serve(15)
    expect(scraping.errors).toEqual([new Error('the connection is lost')])
    expect((await scraping.samples(key)).slice(1)).toEqual([
      [5, 5, 5],
      [10, 5, 5],
      [15, 5, 5],
      [20, 5, 5],
    ])
  })

  it('keeps what was scraped while the store is gone, a minute at most', async () => {
    const { key } = await deployScraped(deps, server.url)
    await serve(12)
    const { store } = scraping
    const { store: storeSamples } = store
    store.store = async () => {
      throw new Error('gone')
    }
    await serve(30)
    store.store = storeSamples
    await serve(5)
    expect((await scraping.samples(key)).slice(2).map(([, ...rest]) => rest)).toEqual(
      Array.from({ length: 7 }, () => [5, 5]),
    )
  })

  it('is not held up by a target that says nothing, and that one costs its own samples only', async () => {
    await using slow = await CountingServer.start()
    slow.manner = 'says nothing'
    scraping.slow.add(slow.url)
    const [fast, never] = [
      await deployScraped(deps, server.url),
      await deployScraped(deps, slow.url, { timeoutMs: 5000 }),
    ]
    await serve(22)
    expect((await scraping.samples(fast.key)).length).toBe(4)
    expect(await scraping.samples(never.key)).toEqual([])
    // One at a time, however many windows have passed.
    expect(slow.scrapes).toBe(1)
  })

  it('tells that a target is down after three misses, why, and that it is up again; a restart tells nothing', async () => {
    const { id, key } = await deployScraped(deps, server.url)
    await serve(7)
    const told = () => scraping.transitions.map(({ status, error }) => [status, error])
    expect(told()).toEqual([['UP', null]])
    expect(scraping.transitions[0]).toMatchObject({ deploymentId: id, deploymentKey: key })
    server.manner = 'fails'
    await serve(15)
    expect(told().slice(1)).toEqual([
      ['DEGRADED', expect.stringContaining('503')],
      ['DOWN', expect.stringContaining('503')],
    ])
    const error = scraping.transitions.at(-1)?.error
    await database.pool.query(`update source_states set status = 'DOWN', last_error = $1`, [error])
    await scraping[Symbol.asyncDispose]()
    scraping = new Scraping(deps)
    await serve(30)
    expect(told()).toEqual([])
    server.manner = 'is no model server'
    await serve(10)
    // Not another status, but another reason.
    expect(told()).toEqual([['DOWN', expect.not.stringContaining('503')]])
    server.manner = 'answers'
    await serve(10)
    expect(told().slice(1)).toEqual([['UP', null]])
  })

  it('tells that a target is down that has never answered, and one that has nothing it knows', async () => {
    await using other = await CountingServer.start()
    other.names = 'of_something_else'
    const closed = await CountingServer.start()
    const { url } = closed
    await closed[Symbol.asyncDispose]()
    const [dead, foreign] = [await deployScraped(deps, url), await deployScraped(deps, other.url)]
    await serve(12)
    expect(scraping.transitions).toEqual([])
    await serve(5)
    const told = new Map(scraping.transitions.map(({ deploymentKey, status }) => [deploymentKey, status]))
    expect(told).toEqual(new Map([dead, foreign].map(({ key }) => [key, 'DOWN'])))
    expect(new Set(scraping.outcomes)).toEqual(new Set(['UNREACHABLE', 'NO_FIGURES']))
    expect(scraping.transitions.map(({ error }) => error).join(' ')).toContain('of_something_else')
  })

  it('counts what the target counted, through a random series of faults', async () => {
    const { counted, stored, told } = await countThroughFaults(deps, { seed: 13, seconds: 150 })
    expect(stored).toBe(counted)
    expect(told).toContain('DOWN')
  })
})
