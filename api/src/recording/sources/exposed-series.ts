import type { ExpositionSample, Family } from './scraping/exposition.ts'

type Labels = Readonly<Record<string, string>>

/** One series of a family, its samples put together: those that differ in `le` alone are one histogram. */
export interface ExposedSeries {
  /** Without `le` and `quantile`. */
  labels: Labels
  /** The labels in the one order: equal for equal labels. */
  identity: string
  /** Of a counter or gauge. Here and below, null is no data: absent, NaN, -1 or too large to be counted. */
  value: number | null
  /** Of a histogram or summary. */
  count: number | null
  sum: number | null
  /** Upper bounds, infinity among them, in the order in which they came; cumulative counts. */
  buckets: { le: number; upTo: number }[]
  /** When it began, milliseconds since the epoch. */
  createdMs: number | null
}

/**
 * The series of an exposition by the names of their families. They are found by the names of their samples: some servers
 * give a sample another name than its family says, leave out `_bucket`, or expose `_created` as a gauge of its own.
 */
export class ExposedFamilies {
  readonly #samples = new Map<string, ExpositionSample[]>()
  readonly #series = new Map<string, readonly ExposedSeries[]>()
  /** Of the same, those that were asked for one by one. */
  readonly #byIdentity = new Map<string, ReadonlyMap<string, ExposedSeries>>()
  readonly #declared = new Set<string>()

  constructor(families: readonly Family[]) {
    for (const { name, samples } of families) {
      this.#declared.add(name).add(familyOf(name))
      for (const sample of samples) {
        const others = this.#samples.get(sample.name)
        if (others) others.push(sample)
        else this.#samples.set(sample.name, [sample])
      }
    }
  }

  /** Whether a family is there, though it may have no series yet, or none with data. */
  has(family: string): boolean {
    return this.#declared.has(family) || SUFFIXES.some((suffix) => this.#samples.has(family + suffix))
  }

  /** Null when the family has no series with data. */
  of(family: string): readonly ExposedSeries[] | null {
    let series = this.#series.get(family)
    if (series === undefined) {
      series = this.#read(family)
      this.#series.set(family, series)
    }
    return series.length > 0 ? series : null
  }

  /** The series of a family with these labels, as `identityOf` writes them. */
  seriesOf(family: string, identity: string): ExposedSeries | undefined {
    let byIdentity = this.#byIdentity.get(family)
    if (byIdentity === undefined) {
      byIdentity = new Map(this.of(family)?.map((series) => [series.identity, series]))
      this.#byIdentity.set(family, byIdentity)
    }
    return byIdentity.get(identity)
  }

  /** When the one process began that answered, milliseconds since the epoch; null when it or several say nothing of it. */
  processStartMs(): number | null {
    const starts = new Set((this.#samples.get(PROCESS_START) ?? []).map(({ value }) => value))
    const [start] = starts
    return starts.size === 1 && start !== undefined && start > 0 && Number.isFinite(start) ? startMsOf(start) : null
  }

  #read(family: string): readonly ExposedSeries[] {
    const series = new SeriesByLabels()
    for (const sample of [...this.#named(`${family}_total`), ...this.#named(family)]) {
      if ('quantile' in sample.labels) continue
      if ('le' in sample.labels) addBucket(series.of(sample.labels), sample)
      else series.of(sample.labels).value ??= counted(sample.value)
    }
    for (const sample of this.#named(`${family}_bucket`)) addBucket(series.of(sample.labels), sample)
    for (const { labels, value } of this.#named(`${family}_count`)) series.of(labels).count = counted(value)
    for (const { labels, value } of this.#named(`${family}_sum`)) series.of(labels).sum = counted(value)
    for (const { labels, value } of this.#named(`${family}_created`)) {
      const of = series.find(labels)
      if (of !== undefined && value > 0 && Number.isFinite(value)) of.createdMs = startMsOf(value)
    }
    return series.all.filter(hasData)
  }

  #named(name: string): readonly ExpositionSample[] {
    return this.#samples.get(name) ?? []
  }
}

export const PROCESS_START = 'process_start_time_seconds'

const SUFFIXES = ['', '_total', '_bucket', '_sum', '_count']

/** The name of a family from that of one of its samples, or from what a person typed. */
export function familyOf(name: string): string {
  return name.replace(/_(?:total|bucket|sum|count|created)$/, '')
}

class SeriesByLabels {
  readonly all: ExposedSeries[] = []
  /** By the labels as they came: most families write them in one order, so few are sorted. */
  readonly #byText = new Map<string, ExposedSeries>()
  readonly #byIdentity = new Map<string, ExposedSeries>()

  find(labels: Labels): ExposedSeries | undefined {
    return this.#byText.get(writtenText(labels)) ?? this.#byIdentity.get(identityOf(ownLabels(labels)))
  }

  of(labels: Labels): ExposedSeries {
    const text = writtenText(labels)
    const found = this.#byText.get(text)
    if (found) return found
    const own = ownLabels(labels)
    const identity = identityOf(own)
    let series = this.#byIdentity.get(identity)
    if (series === undefined) {
      series = { labels: own, identity, value: null, count: null, sum: null, buckets: [], createdMs: null }
      this.all.push(series)
      this.#byIdentity.set(identity, series)
    }
    this.#byText.set(text, series)
    return series
  }
}

/** Labels as one text: equal for equal labels in any order, and no others. */
export function identityOf(labels: Labels): string {
  let text = ''
  for (const name of Object.keys(labels).toSorted()) text += textOf(name, labels[name] ?? '')
  return text
}

/** The lengths are there so that no value can end one label and begin another. */
function textOf(name: string, value: string): string {
  return `${name.length}:${name}${value.length}:${value}`
}

function writtenText(labels: Labels): string {
  let text = ''
  for (const name in labels) if (isOwn(name)) text += textOf(name, labels[name] ?? '')
  return text
}

/** A label without a value is no label. */
function ownLabels(labels: Labels): Labels {
  const entries = Object.entries(labels)
  const own = entries.filter(([name, value]) => isOwn(name) && value !== '')
  return own.length === entries.length ? labels : Object.fromEntries(own)
}

/** Whether a label is one of the series, and not of a part of it. */
function isOwn(name: string): boolean {
  return name !== 'le' && name !== 'quantile'
}

function addBucket(series: ExposedSeries, { labels, value }: ExpositionSample): void {
  const le = boundOf(labels.le ?? '')
  const upTo = counted(value)
  if (!Number.isNaN(le) && upTo !== null) series.buckets.push({ le, upTo })
}

function boundOf(text: string): number {
  const bound = text === '' ? Number.NaN : Number(text)
  return Number.isNaN(bound) && /^\+?inf(?:inity)?$/i.test(text) ? Infinity : bound
}

/** Nothing that is counted is negative: -1 stands for no data, like NaN. */
function counted(value: number): number | null {
  return value >= 0 && value <= Number.MAX_SAFE_INTEGER ? value : null
}

function hasData({ value, count, sum, buckets }: ExposedSeries): boolean {
  return value !== null || count !== null || sum !== null || buckets.length > 0
}

function startMsOf(seconds: number): number {
  return Math.round(seconds * 1000)
}
