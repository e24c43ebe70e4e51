import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { createTestDatabase, testDatabaseKinds } from './testing.ts'
import type { TestDatabase } from './testing.ts'

describe.each(await testDatabaseKinds())('beside the connections of callers, on %s,', (kind) => {
  let database: TestDatabase
  beforeAll(async () => {
    database = await createTestDatabase(kind)
  })
  afterAll(() => database[Symbol.asyncDispose]())

  test('a reserved connection answers while callers hold all others', async () => {
    const { pool, reserved } = database
    const held = await Promise.all(Array.from({ length: pool.options.max }, () => pool.connect()))
    try {
      expect((await reserved.query('select 1 as one')).rows).toEqual([{ one: 1 }])
    } finally {
      for (const client of held) client.release()
    }
  })

  test.runIf(kind === 'postgres')('one session for callers, and all reserved ones, outlast an idle hour', async () => {
    await using own = await createTestDatabase('postgres')
    const { pool, reserved } = own
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    for (const each of [pool, reserved]) {
      const clients = await Promise.all([each.connect(), each.connect()])
      for (const client of clients) client.release()
    }
    vi.advanceTimersByTime(3_600_000)
    expect([pool.totalCount, reserved.totalCount]).toEqual([1, 2])
    vi.useRealTimers()
  })

  // PostgreSQL runs them side by side.
  test.runIf(kind === 'embedded')('a reserved statement waits for few of the transactions of callers', async () => {
    const { prisma, reserved } = database
    await reserved.query('select 1')
    let finished = 0
    const transactions = Array.from({ length: 50 }, (_, n) =>
      prisma
        .$transaction(async (tx) => {
          await tx.model.create({ data: { name: `few/${n}` } })
          await tx.model.count()
        })
        .then(() => (finished += 1)),
    )
    await transactions[0]
    const before = finished
    await reserved.query('select 1')
    expect(finished - before).toBeLessThanOrEqual(12)
    await Promise.all(transactions)
  })
})
