import type { Family } from '../../src/recording/sources/scraping/exposition.ts'
import type { Scraped, ScrapeTarget } from '../../src/recording/sources/scraping/scrape.ts'
import { ScrapeFailedError } from '../../src/recording/sources/scraping/scrape-failure.ts'

export async function scrape({ url, timeoutMs }: ScrapeTarget, _guard: unknown, signal: AbortSignal): Promise<Scraped> {
  const response = await fetch(url, { signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]) }).catch(
    (error: unknown) => {
      signal.throwIfAborted()
      throw new ScrapeFailedError('UNREACHABLE', `It cannot be reached: ${String(error)}.`)
    },
  )
  if (!response.ok) throw new ScrapeFailedError('STATUS', `It answers ${response.status}.`)
  const text = await response.text().catch(() => {
    signal.throwIfAborted()
    throw new ScrapeFailedError('TRUNCATED', 'The answer is cut off.')
  })
  const families: Family[] = []
  for (const line of text.split('\n')) {
    const [, name = '', type] = /^# TYPE (\S+) (\S+)$/.exec(line) ?? []
    if (type)
      families.push({ name: name.replace(/_total$/, ''), type: type as 'counter', unit: null, help: null, samples: [] })
    const [, sample = '', labels = '', value = ''] = /^(\S+)\{(.*)\} (\S+)$/.exec(line) ?? []
    const family = families.at(-1)
    if (!sample || !family) continue
    const pairs = [...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, key, of]) => [key, of])
    family.samples = [
      ...family.samples,
      {
        name: sample,
        labels: Object.fromEntries(pairs) as Record<string, string>,
        value: Number(value),
        timestampMs: null,
      },
    ]
  }
  if (families.length === 0) throw new ScrapeFailedError('NOT_METRICS', 'It answers with something else.')
  return { families, series: families.length, durationMs: 1, bytes: text.length }
}
