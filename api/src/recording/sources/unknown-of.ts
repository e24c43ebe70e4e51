import { type DistributionName, DISTRIBUTIONS } from '../../metrics/window-metrics.ts'
import type { CounterName, FigureName } from './model-servers/mapping.ts'
import type { ExposedSnapshot } from './snapshot.ts'

const COUNTER_SENTENCES: Record<CounterName, string> = {
  requests: 'It has no counter of requests.',
  errors: 'It has no counter of failures.',
  promptTokens: 'It has no counter of prompt tokens.',
  generatedTokens: 'It has no counter of generated tokens.',
}

const TIMES: Record<DistributionName, string> = {
  latency: 'Latency',
  timeToFirstToken: 'Time to first token',
  interTokenLatency: 'Inter-token latency',
  queueTime: 'Queue time',
}

const GAUGE_SENTENCES = {
  inFlight: 'It does not say how many requests are in flight.',
  waiting: 'It does not say how many requests wait.',
  kvCacheUsage: 'It does not say how much of its cache of keys and values is used.',
}

/** What can't be known from a server, each as a sentence. */
export function unknownOf(snapshot: ExposedSnapshot): string[] {
  const { mapping, known, gauges, figures } = snapshot
  const read = new Set<FigureName>(figures.map(({ figure }) => figure))
  const sentences: string[] = []
  for (const [name, sentence] of Object.entries(COUNTER_SENTENCES)) {
    if (!known.has(name as CounterName)) sentences.push(sentence)
  }
  for (const name of Object.keys(DISTRIBUTIONS) as DistributionName[]) sentences.push(...unknownTimes(snapshot, name))
  for (const [name, sentence] of Object.entries(GAUGE_SENTENCES)) {
    if (!(name in gauges)) sentences.push(sentence)
  }
  for (const family of snapshot.missing) sentences.push(`${family} is not there (yet).`)
  if (read.size > 0) sentences.push(...mapping.unknown)
  return sentences
}

function unknownTimes({ known, series }: ExposedSnapshot, name: DistributionName): string[] {
  if (!known.has(name)) return [`${TIMES[name]} is not known.`]
  const own = series.filter(({ figure }) => figure === name)
  if (own.length === 0) return []
  const bounded = own.filter(({ boundsMs }) => boundsMs !== null)
  if (bounded.length === 0) return [`Of ${TIMES[name].toLowerCase()} only means are known: it has no buckets.`]
  const lowest = Math.min(...bounded.map(({ boundsMs }) => boundsMs?.[0] ?? 0))
  const highest = Math.max(...bounded.map(({ boundsMs }) => boundsMs?.at(-1) ?? 0))
  if (lowest === highest) {
    return [
      `Of ${TIMES[name].toLowerCase()} it is only told whether it was above ${inWords(lowest)}: there is one bucket.`,
    ]
  }
  return [`${TIMES[name]} below ${inWords(lowest)} and above ${inWords(highest)} can't be told: its buckets end there.`]
}

/** A time as a person reads it, such as 300 ms or 30 s. */
function inWords(ms: number): string {
  const rounded = Number(ms.toPrecision(3))
  return rounded < 1000 ? `${rounded} ms` : `${Number((ms / 1000).toPrecision(3))} s`
}
