import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { KeepAlive } from './socket-keep-alive.ts'

function peer({ answers = true } = {}) {
  const said: string[] = []
  const made = {
    said,
    hasAnswered: true,
    ask: () => {
      said.push('ask')
      made.hasAnswered = answers
    },
    askNow: () => void said.push('ask now'),
    cut: () => void said.push('cut'),
  }
  return made
}

describe('keep-alive', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  it('asks each peer once a period, and cuts one that has not answered by the next time', () => {
    const keepAlive = new KeepAlive(12_000)
    const [alive, gone] = [peer(), peer({ answers: false })]
    keepAlive.add(alive)
    vi.advanceTimersByTime(5_000)
    keepAlive.add(gone)
    vi.advanceTimersByTime(11_000)
    expect([alive.said, gone.said]).toEqual([['ask', 'ask now'], []])
    vi.advanceTimersByTime(7_000)
    expect(gone.said).toEqual(['ask', 'ask now'])
    vi.advanceTimersByTime(60_000)
    expect(gone.said).toEqual(['ask', 'ask now', 'cut'])
    expect(alive.said.filter((each) => each === 'ask')).toHaveLength(6)
  })

  it('leaves those alone that are forgotten, and no timer behind', () => {
    const keepAlive = new KeepAlive(12_000)
    const peers = [peer(), peer()]
    const [forgetFirst, forgetSecond] = peers.map((each) => keepAlive.add(each))
    vi.advanceTimersByTime(12_000)
    forgetFirst?.()
    vi.advanceTimersByTime(12_000)
    forgetSecond?.()
    expect(peers.map(({ said }) => said)).toEqual([['ask'], ['ask', 'ask now', 'ask']])
    expect(vi.getTimerCount()).toBe(0)
  })
})
