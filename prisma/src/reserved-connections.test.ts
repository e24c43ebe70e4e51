import { afterAll, beforeAll, describe, expect, test } from 'vitest'
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
