import { NOTHING_KNOWN } from '../../src/metrics/window-metrics.ts'
import type { Baseline, DeltaOf, Snapshot } from '../../src/recording/sources/cumulative.ts'
import type { ScrapeOrder } from '../../src/recording/sources/scraping/scraped-source.ts'
import type { ScrapedFigures } from '../../src/recording/sources/scraping/scraped-target.ts'

export const readBaseline = (json: unknown): Baseline | null => (json ?? null) as Baseline | null

export const deltaOf: DeltaOf = (before, now) => {
  const counts = (before?.series ?? {}) as unknown as Record<string, number>
  const series = Object.fromEntries(now.series.map(({ key, count }) => [key, count]))
  const requests = before
    ? now.series.reduce((sum, { key, count }) => {
        const was = counts[key] ?? 0
        return sum + (count < was ? count : count - was)
      }, 0)
    : null
  return {
    measurement: { ...NOTHING_KNOWN, requests, waiting: now.gauges.waiting ?? null },
    baseline: { atMs: now.atMs, series } as unknown as Baseline,
  }
}

export async function scrapeOnce({ settings, atMs }: ScrapeOrder, signal: AbortSignal): Promise<ScrapedFigures> {
  const response = await fetch(settings.url, {
    signal: AbortSignal.any([signal, AbortSignal.timeout(settings.timeoutMs)]),
  })
  if (!response.ok) throw new Error(`It answers ${response.status}.`)
  const text = await response.text()
  const value = (name: string) => Number(new RegExp(`^${name}\\{.*\\} (.*)$`, 'm').exec(text)?.[1])
  const requests = value('vllm:request_success_total')
  if (Number.isNaN(requests)) throw new Error('It says nothing that is known.')
  const snapshot: Snapshot = {
    atMs,
    series: [
      {
        key: 'requests',
        figure: 'requests',
        reason: null,
        startMs: null,
        count: requests,
        sumMs: null,
        boundsMs: null,
        counts: null,
      },
    ],
    gauges: { waiting: value('vllm:num_requests_waiting') },
    known: new Set(['requests']),
  }
  return { snapshot, durationMs: 1, series: 2 }
}
