import type { Baseline, CumulativeSeries, StoredSeries } from './cumulative.ts'

/** A series of a baseline, as it is counted with. */
export interface BaselineSeries extends Pick<CumulativeSeries, 'startMs' | 'count' | 'sumMs' | 'boundsMs' | 'counts'> {
  /** When it was last there, milliseconds since the epoch. */
  seenMs: number
}

export type SeriesByKey = ReadonlyMap<string, BaselineSeries>

const VERSION = 1

/** What `baselineOf` wrote, as the database gives it back; null for anything else, as when another version wrote it. */
export function readBaseline(json: unknown): Baseline | null {
  const isBaseline = typeof json === 'object' && json !== null && 'version' in json && json.version === VERSION
  return isBaseline ? (json as Baseline) : null
}

/** Puts series into the form that is stored. */
export function baselineOf(
  series: Iterable<readonly [key: string, series: BaselineSeries]>,
  { atMs, startMs, readAs }: Pick<Baseline, 'atMs' | 'startMs' | 'readAs'>,
): Baseline {
  const bounds = new Map<string, number>()
  const stored: Record<string, StoredSeries> = {}
  for (const [key, { count, sumMs, startMs: began, boundsMs, counts, seenMs }] of series) {
    const fields: (number | string | null)[] = [count, sumMs, began === startMs ? null : began, null, null, null]
    if (boundsMs !== null && counts !== null) {
      const text = boundsMs.join(',')
      const at = bounds.get(text) ?? bounds.size
      bounds.set(text, at)
      fields[3] = at
      fields[4] = counts.map((of) => of || '').join(',')
    }
    if (seenMs !== atMs) fields[5] = seenMs
    while (fields.at(-1) === null) fields.pop()
    stored[key] = fields
  }
  return { version: VERSION, atMs, startMs, readAs, bounds: [...bounds.keys()], series: stored }
}

/** The series of a baseline by their keys; those with the same bounds share one list of them. */
export function seriesOf({ atMs, startMs, bounds, series }: Baseline): SeriesByKey {
  const lists = bounds.map((text) => text.split(',').map(Number))
  return new Map(
    Object.entries(series).map(([key, [count, sumMs, began, at, counts, seenMs]]) => [
      key,
      {
        count: Number(count),
        sumMs: numberOr(sumMs, null),
        startMs: numberOr(began, startMs),
        boundsMs: typeof at === 'number' ? (lists[at] ?? null) : null,
        counts: typeof counts === 'string' ? counts.split(',').map(Number) : null,
        seenMs: numberOr(seenMs, atMs),
      },
    ]),
  )
}

function numberOr<T>(value: number | string | null | undefined, other: T): number | T {
  return typeof value === 'number' ? value : other
}
