import { createHistogram } from 'node:perf_hooks'
import { Gauge, type Registry } from 'prom-client'

/** Each measurement wakes the process, also where it has nothing else to do. */
const EVERY_MS = 100

const PERCENTILES = { p50: 50, p90: 90, p99: 99 }
const NAMES = ['min', 'max', 'mean', 'stddev', ...Object.keys(PERCENTILES)]

/**
 * Adds how late the event loop runs its timers, by the names of prom-client. What that measures under them wakes the
 * process a hundred times a second, a good part of what an idle server costs, and counts its interval as lag.
 */
export function addEventLoopLag(registry: Registry): void {
  const histogram = createHistogram()
  let lagMs = 0
  let dueMs = performance.now() + EVERY_MS
  setInterval(() => {
    const nowMs = performance.now()
    lagMs = Math.max(0, nowMs - dueMs)
    dueMs = nowMs + EVERY_MS
    // A histogram holds nothing below 1.
    histogram.record(Math.max(1, Math.round(lagMs * 1e6)))
  }, EVERY_MS).unref()

  const gauge = (name: string, help: string, collect: () => void = () => undefined) =>
    new Gauge({ name, help, registers: [registry], collect })
  const last = gauge('nodejs_eventloop_lag_seconds', 'How late the last timer ran, in seconds.', () => {
    last.set(lagMs / 1000)
    if (histogram.count === 0) return
    const { min, max, mean, stddev } = histogram
    const percentiles = Object.entries(PERCENTILES).map(([name, percent]) => [name, histogram.percentile(percent)])
    const figures = { min, max, mean, stddev, ...Object.fromEntries(percentiles) } as Record<string, number>
    for (const [name, nanoseconds] of Object.entries(figures)) spread.get(name)?.set(nanoseconds / 1e9)
    histogram.reset()
  })
  // Read after the one above, which sets them.
  const spread = new Map(
    NAMES.map((name) => [
      name,
      gauge(`nodejs_eventloop_lag_${name}_seconds`, `How late timers ran since the last scrape, in seconds: ${name}.`),
    ]),
  )
}
