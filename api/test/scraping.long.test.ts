import { createTestDatabase, type TestDatabase, testDatabaseKinds } from '@gaugeline/prisma/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTestDeps } from './create-test-deps.ts'
import { countThroughFaults } from './scraping/random-faults.ts'

/** Each with its own series of faults. */
const TARGETS = Number(process.env['SCRAPED_TARGETS'] ?? 20)
const SECONDS = 600
const SEED = Number(process.env['SCRAPING_SEED'] ?? Math.floor(Math.random() * 2 ** 31))

describe.each(await testDatabaseKinds())('scraping through long series of faults on %s', (kind) => {
  let database: TestDatabase

  beforeAll(async () => {
    database = await createTestDatabase(kind)
  })
  afterAll(() => database[Symbol.asyncDispose]())

  it(
    `counts what each of ${TARGETS} targets counted in ten minutes, once`,
    async () => {
      for (let target = 0; target < TARGETS; target += 1) {
        const seed = SEED + target
        const intervalMs = [1000, 2000, 5000][target % 3] ?? 1000
        const deps = await createTestDeps(database)
        const { counted, stored } = await countThroughFaults(deps, { seed, seconds: SECONDS, intervalMs })
        expect({ seed, intervalMs, stored }).toEqual({ seed, intervalMs, stored: counted })
        expect(counted).toBeGreaterThan(0)
      }
    },
    30 * 60_000,
  )
})
