import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { whileWaiting } from './use-action.ts'

describe('a mutation', () => {
  beforeEach(() => {
    vi.useFakeTimers()
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  it('says after 8 s that there is no answer yet, and still waits for it', async () => {
    const onSlow = vi.fn<() => void>()
    let resolve = (_answer: string) => {}
    const answer = whileWaiting(new Promise<string>((done) => (resolve = done)), onSlow)
    await vi.advanceTimersByTimeAsync(7_999)
    expect(onSlow).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(1)
    expect(onSlow).toHaveBeenCalledOnce()
    resolve('done')
    expect(await answer).toBe('done')
  })

  it('says nothing when the answer comes in time', async () => {
    const onSlow = vi.fn<() => void>()
    expect(await whileWaiting(Promise.resolve('done'), onSlow)).toBe('done')
    await vi.advanceTimersByTimeAsync(60_000)
    expect(onSlow).not.toHaveBeenCalled()
  })
})
