import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { readAhead } from './read-ahead.ts'

describe('reading ahead', () => {
  /** Chunks of one row each, up to a number; the read of `failing` fails. */
  const numbers = (last: number, failing?: number) => {
    const asked: number[] = []
    const read = (n: number) => {
      asked.push(n)
      return n === failing ? Promise.reject(new Error(`no ${n}`)) : Promise.resolve(n % 2 === 0 ? [] : [n])
    }
    const chunks = readAhead<number, number>(1, read, (n) => (n < last ? n + 1 : undefined))
    return { asked, chunks }
  }

  it('gives all rows in order, without empty chunks, and has asked for the next chunk by then', async () => {
    const { asked, chunks } = numbers(4)
    expect(await chunks.next()).toEqual({ value: [1], done: false })
    expect(asked).toEqual([1, 2])
    expect(await chunks.next()).toEqual({ value: [3], done: false })
    expect((await chunks.next()).done).toBe(true)
    expect(asked).toEqual([1, 2, 3, 4])
  })

  it('fails where the caller comes to what could not be read', async () => {
    const { chunks } = numbers(5, 4)
    expect((await chunks.next()).value).toEqual([1])
    expect((await chunks.next()).value).toEqual([3])
    await expect(chunks.next()).rejects.toThrow('no 4')
  })

  it('leaves no error behind when the caller stops before that, and reads nothing where there is nothing', async () => {
    const { chunks } = numbers(5, 2)
    for await (const chunk of chunks) {
      expect(chunk).toEqual([1])
      break
    }
    // An unhandled rejection would fail the run.
    await nextTurn()
    const none = readAhead<number, number>(
      undefined,
      () => Promise.reject(new Error('read')),
      () => undefined,
    )
    expect((await none.next()).done).toBe(true)
  })
})
