import { createHash } from 'node:crypto'
import { DISTRIBUTIONS, type DistributionName } from '../../metrics/window-metrics.ts'
import { bucketsOf, MAX_COUNTED, msOf } from './buckets.ts'
import { chosenMapping, type Mapping } from './chosen-mapping.ts'
import type { CumulativeSeries, Snapshot } from './cumulative.ts'
import { ExposedFamilies, type ExposedSeries, identityOf } from './exposed-series.ts'
import type { CounterName, FamilyRule, FigureName, GaugeName, ModelServer } from './model-servers/mapping.ts'
import { matches, readRule } from './rule-series.ts'
import type { Family } from './scraping/exposition.ts'
import { seriesKey } from './series-key.ts'
import { AmbiguousModelsError, tooManySeries } from './snapshot-errors.ts'
import type { ScrapeSettings } from './source-settings.ts'

export { wantedFamilies } from './chosen-mapping.ts'

/** A snapshot of what a server exposes, and how it was read. */
export interface ExposedSnapshot extends Snapshot {
  /** Null when its families were mapped by hand. */
  server: ModelServer | null
  mapping: Mapping
  /** The families that the figures were read from, those with series alone. */
  figures: readonly { figure: FigureName; family: string }[]
  processStartMs: number | null
  readAs: string
  /** Series of several models match; null unless that was allowed. */
  ambiguous: AmbiguousModelsError | null
  /** Families that were mapped by hand and have no series. */
  missing: readonly string[]
}

export interface SnapshotOptions {
  /** As in the settings of the deployment. */
  mapping: ScrapeSettings['mapping']
  /** Only series with all of these labels count. */
  labels: Readonly<Record<string, string>>
  /** The end of the window that it is for. */
  atMs: number
  /** Adds several models up and says so in `ambiguous`, to show what there is to choose from. Default: false. */
  allowsSeveralModels?: boolean
}

/** Each is stored with every sample. A gateway with a series for each of its users can have any number. */
const MAX_SERIES = 5000

const GAUGES: readonly FigureName[] = ['inFlight', 'waiting', 'kvCacheUsage'] satisfies GaugeName[]
const isGauge = (figure: FigureName): figure is GaugeName => GAUGES.includes(figure)
const isDistribution = (figure: FigureName): figure is DistributionName => figure in DISTRIBUTIONS

/**
 * Reads what a model server exposes. Series of engines, replicas and workers are kept apart, so that each of them may
 * restart on its own; gauges are added up, but of shares the mean is taken.
 * @throws NoFiguresError when nothing is mapped to a figure
 * @throws AmbiguousModelsError when series of several models match
 * @throws SnapshotError when more than 5,000 series match, and when a family that was mapped by hand is ambiguous or has
 * no times
 */
export function snapshotOf(
  families: readonly Family[],
  { mapping: chosen, labels, atMs, allowsSeveralModels = false }: SnapshotOptions,
): ExposedSnapshot {
  const exposed = new ExposedFamilies(families)
  const mapping = chosenMapping(families, exposed, chosen)
  const processStartMs = exposed.processStartMs()
  const reading = new Reading(exposed, labels, processStartMs)
  const figures = Object.entries(mapping.figures) as [FigureName, readonly (readonly FamilyRule[])[]][]
  for (const [figure, groups] of figures) {
    for (const [at, rules] of groups.entries()) reading.read(figure, at, rules)
  }
  const ambiguous = reading.ambiguity(mapping.modelLabels)
  if (ambiguous && !allowsSeveralModels) throw ambiguous
  const mapped = figures.flatMap(([, groups]) => groups.flat().map(({ family }) => family))
  return {
    atMs,
    series: reading.series,
    gauges: reading.gauges(),
    known: reading.known,
    processStartMs,
    readAs: readAs(mapping, labels),
    server: mapping.server,
    mapping,
    figures: reading.figures,
    ambiguous,
    missing: mapping.server === null ? mapped.filter((family) => exposed.of(family) === null) : [],
  }
}

class Reading {
  readonly series: CumulativeSeries[] = []
  readonly known = new Set<CounterName | DistributionName>()
  readonly figures: { figure: FigureName; family: string }[] = []
  readonly #gauges = new Map<GaugeName, number[]>()
  readonly #models = new Map<string, Set<string>>()
  #size = 0
  readonly #exposed: ExposedFamilies
  readonly #labels: Readonly<Record<string, string>>
  readonly #processStartMs: number | null

  constructor(exposed: ExposedFamilies, labels: Readonly<Record<string, string>>, processStartMs: number | null) {
    this.#exposed = exposed
    this.#labels = labels
    this.#processStartMs = processStartMs
  }

  /** Reads a group by the first of its rules whose family is there. */
  read(figure: FigureName, group: number, rules: readonly FamilyRule[]): void {
    for (const [at, rule] of rules.entries()) {
      const read = readRule(this.#exposed, rule, this.#labels)
      if (read === null) continue
      this.#size += read.series.length
      if (this.#size > MAX_SERIES) throw tooManySeries(this.#size)
      this.figures.push({ figure, family: rule.family })
      for (const { labels } of read.all) this.#noteModels(labels)
      for (const series of read.series) {
        if (isGauge(figure)) this.#addGauge(figure, series, rule)
        else this.#addSeries(figure, series, rule, `${figure}.${group}`, at)
      }
      if (!isGauge(figure)) this.known.add(figure)
      return
    }
  }

  gauges(): Partial<Record<GaugeName, number>> {
    const gauges: Partial<Record<GaugeName, number>> = {}
    for (const [figure, values] of this.#gauges) {
      const sum = values.reduce((total, value) => total + value, 0)
      if (figure !== 'kvCacheUsage') gauges[figure] = sum
      // A share that is more than all is a percentage that we took for one.
      else if (sum / values.length <= 1.01) gauges[figure] = Math.min(1, sum / values.length)
    }
    return gauges
  }

  /** The first of the labels that tells several models apart, unless one was asked for; null when there is none. */
  ambiguity(modelLabels: readonly string[]): AmbiguousModelsError | null {
    for (const label of modelLabels) {
      const values = this.#models.get(label)
      if (values !== undefined && values.size > 1 && !(label in this.#labels)) {
        return new AmbiguousModelsError(label, [...values])
      }
    }
    return null
  }

  #noteModels(labels: Readonly<Record<string, string>>): void {
    if (!matches(labels, this.#labels)) return
    for (const [label, value] of Object.entries(labels)) {
      const values = this.#models.get(label)
      if (values) values.add(value)
      else this.#models.set(label, new Set([value]))
    }
  }

  #addGauge(figure: GaugeName, { value }: ExposedSeries, { scale = 1 }: FamilyRule): void {
    if (value === null) return
    const values = this.#gauges.get(figure)
    if (values) values.push(value * scale)
    else this.#gauges.set(figure, [value * scale])
  }

  #addSeries(
    figure: CounterName | DistributionName,
    series: ExposedSeries,
    rule: FamilyRule,
    group: string,
    at: number,
  ): void {
    const counted = isDistribution(figure) ? this.#times(series, rule) : countOf(series, rule)
    if (counted === null) return
    this.series.push({
      key: seriesKey(group, at, `${rule.family} ${series.identity}`),
      figure,
      reason: rule.reason === undefined ? null : (series.labels[rule.reason] ?? null),
      startMs: series.createdMs ?? this.#processStartMs,
      ...counted,
    })
  }

  #times(series: ExposedSeries, { part, scale = 1, countedBy }: FamilyRule): Counted | null {
    if (part !== 'sum') {
      const buckets = bucketsOf(series, scale)
      return buckets && { ...buckets, sumMs: series.sum === null ? null : msOf(series.sum, scale) }
    }
    const sum = series.value ?? series.sum
    const counting = this.#exposed.seriesOf(countedBy ?? '', series.identity)
    const count = counting?.value ?? counting?.count ?? null
    if (sum === null || count === null || count > MAX_COUNTED) return null
    return { count: Math.round(count), sumMs: msOf(sum, scale), boundsMs: null, counts: null }
  }
}

type Counted = Pick<CumulativeSeries, 'count' | 'sumMs' | 'boundsMs' | 'counts'>

function countOf(series: ExposedSeries, { part, scale = 1 }: FamilyRule): Counted | null {
  const value = part === 'sum' ? series.sum : part === 'count' ? totalOf(series) : (series.value ?? totalOf(series))
  return value === null ? null : { count: Math.round(value * scale), sumMs: null, boundsMs: null, counts: null }
}

function totalOf(series: ExposedSeries): number | null {
  return series.count ?? bucketsOf(series, 1)?.count ?? null
}

/** By the figures of a mapping: those of one server are shared by all of its targets. */
const readings = new WeakMap<object, Map<string, string>>()

/** The same for whatever is read by the same rules from series with the same labels. */
function readAs({ server, figures }: Mapping, labels: Readonly<Record<string, string>>): string {
  const made = readings.get(figures) ?? new Map<string, string>()
  readings.set(figures, made)
  const identity = identityOf(labels)
  const known = made.get(identity)
  if (known !== undefined) return known
  const hash = createHash('sha256')
    .update(JSON.stringify([server, figures, identity]))
    .digest('base64url')
    .slice(0, 16)
  // Labels are what people have chosen: few, unless they change them without end.
  if (made.size > 10_000) made.clear()
  made.set(identity, hash)
  return hash
}
