import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../testing.ts'
import { isUnavailable } from '../violations.ts'
import { type DiskGuard, guardDisk, NEEDED_BYTES } from './disk-guard.ts'

describe('a disk that is nearly full', () => {
  let database: TestDatabase
  let free: number
  let told: string[]
  let guard: DiskGuard
  beforeEach(async () => {
    database = await createTestDatabase('embedded')
    free = NEEDED_BYTES
    told = []
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    guard = guardDisk(
      database.pool,
      () => Promise.resolve(free),
      ({ message }) => told.push(message),
    )
  })
  afterEach(async () => {
    await guard.stop()
    vi.useRealTimers()
    await database[Symbol.asyncDispose]()
  })

  const write = (name: string) => database.prisma.model.create({ data: { name } })
  /** Whether writes are refused, on a connection of the pool and in a transaction. */
  const refused = async () => {
    const outcomes = await Promise.allSettled([
      database.pool.query('delete from models where false'),
      database.prisma.$transaction(async (tx) => await tx.model.create({ data: { name: 'refused' } })),
    ])
    return outcomes.map((outcome) => outcome.status === 'rejected' && isUnavailable(outcome.reason))
  }

  it('refuses writes on every connection, answers reads, and accepts writes again once there is room', async () => {
    await write('before')
    await vi.advanceTimersByTimeAsync(1000)
    await expect(write('at-the-bound')).resolves.toBeTruthy()

    free = NEEDED_BYTES - 1
    await vi.advanceTimersByTimeAsync(1000)
    await expect.poll(refused).toEqual([true, true])
    expect(guard.isRefusing()).toBe(true)
    expect(await Promise.all([1, 2, 3].map(() => database.prisma.model.count()))).toEqual([2, 2, 2])
    await vi.advanceTimersByTimeAsync(3000)
    expect(told).toEqual(['The disk has only 63 MB left: writes are refused until there is more room.'])

    free = NEEDED_BYTES
    await vi.advanceTimersByTimeAsync(1000)
    await expect.poll(() => write('after').then(() => 'written', String)).toBe('written')
    expect(guard.isRefusing()).toBe(false)
    expect(told).toHaveLength(1)
  })

  it('reports a check that failed, and checks again', async () => {
    await guard.stop()
    let looks = 0
    guard = guardDisk(
      database.pool,
      () => {
        looks += 1
        return looks === 1 ? Promise.reject(new Error('no such file system')) : Promise.resolve(0)
      },
      ({ message }) => told.push(message),
    )
    await vi.advanceTimersByTimeAsync(1000)
    expect(told).toEqual(['no such file system'])
    await vi.advanceTimersByTimeAsync(1000)
    await expect.poll(refused).toEqual([true, true])
  })
})
