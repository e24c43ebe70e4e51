import { Registry } from 'prom-client'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { addEventLoopLag } from './event-loop-lag.ts'

const now = vi.spyOn(performance, 'now')
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval'] })
  now.mockReturnValue(0)
})
afterEach(() => {
  vi.useRealTimers()
  now.mockRestore()
})

/** The timer that is due next runs at this time. */
function timerRunsAt(ms: number): void {
  now.mockReturnValue(ms)
  vi.advanceTimersToNextTimer()
}

it('tells how late the timers ran since the last scrape, and counts no interval as lag', async () => {
  const registry = new Registry()
  addEventLoopLag(registry)
  const scraped = async () => {
    const lines = (await registry.metrics()).matchAll(/^nodejs_eventloop_lag_(?:(\w+)_)?seconds (\S+)$/gm)
    return Object.fromEntries(
      [...lines].map(([, name = 'last', value]) => [name, Math.round(Number(value) * 1000)] as const),
    )
  }
  timerRunsAt(100)
  timerRunsAt(450)
  const late = { last: 250, min: 0, max: 250, mean: 125, stddev: 125, p50: 0, p90: 250, p99: 250 }
  expect(await scraped()).toEqual(late)
  // Nothing was measured since.
  expect(await scraped()).toEqual(late)
  timerRunsAt(550)
  expect(await scraped()).toEqual({ last: 0, min: 0, max: 0, mean: 0, stddev: 0, p50: 0, p90: 0, p99: 0 })
})
