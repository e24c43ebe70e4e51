import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { TokenUses } from './token-uses.ts'

describe('the last use of a token', () => {
  let written: [id: string, atMs: number][][]
  let errors: unknown[]
  let isGone: boolean
  let uses: TokenUses

  beforeEach(() => {
    vi.useFakeTimers({ now: 0 })
    written = []
    errors = []
    isGone = false
    uses = new TokenUses({
      clock: { now: () => Date.now() },
      monotonic: { now: () => Date.now() },
      write: async (usedAt) => {
        if (isGone) throw new Error('gone')
        written.push([...usedAt].map(([id, at]) => [id, at.getTime()]))
      },
      onError: (error) => errors.push(error),
    })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  it('is written within a second, together with those of others', async () => {
    uses.note('a')
    uses.note('b')
    expect(written).toEqual([])
    await vi.advanceTimersByTimeAsync(1000)
    expect(written).toEqual([
      [
        ['a', 0],
        ['b', 0],
      ],
    ])
  })

  it('is written at most once a minute, and then the newest time', async () => {
    uses.note('a')
    await vi.advanceTimersByTimeAsync(1000)
    for (let i = 0; i < 59; i += 1) {
      uses.note('a')
      await vi.advanceTimersByTimeAsync(1000)
    }
    expect(written).toEqual([[['a', 0]]])
    await vi.advanceTimersByTimeAsync(1000)
    expect(written).toEqual([[['a', 0]], [['a', 59_000]]])
  })

  it('is not written again without another use', async () => {
    uses.note('a')
    await vi.advanceTimersByTimeAsync(600_000)
    expect(written).toHaveLength(1)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('is written at the stop', async () => {
    uses.note('a')
    await vi.advanceTimersByTimeAsync(1000)
    uses.note('a')
    await uses.stop()
    expect(written).toEqual([[['a', 0]], [['a', 1000]]])
    expect(vi.getTimerCount()).toBe(0)
  })

  it('is reported when it cannot be written, and later ones are written', async () => {
    isGone = true
    uses.note('a')
    await vi.advanceTimersByTimeAsync(1000)
    expect(errors).toEqual([new Error('gone')])
    isGone = false
    uses.note('b')
    await vi.advanceTimersByTimeAsync(1000)
    expect(written).toEqual([[['b', 1000]]])
  })
})
