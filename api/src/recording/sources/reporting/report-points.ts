import { DISTRIBUTIONS } from '../../../metrics/window-metrics.ts'
import { reportKey } from '../../../samples/report-key.ts'
import type { ReportedFigure, ReportedPoint } from '../../../samples/reported.ts'
import type { Attributes, Metric, MetricData, NumberPoint } from './otlp.ts'
import { type DistributionOfPoint, distributionOf } from './report-distributions.ts'
import { counts, type PlacedRule } from './report-rules.ts'
import { seriesKey } from './series-names.ts'

/** What one unit of a time is in milliseconds; others are those of the server whose metric it is. */
const UNITS_MS: Readonly<Record<string, number>> = {
  s: 1000,
  seconds: 1000,
  ms: 1,
  milliseconds: 1,
  us: 1e-3,
  microseconds: 1e-3,
  ns: 1e-6,
  nanoseconds: 1e-6,
}
const NANOS_PER_MS = 1e6

const GAUGES: ReadonlySet<string> = new Set(['inFlight', 'waiting', 'kvCacheUsage'])

type Data = MetricData
type Point = Data['points'][number]

/** The resource that data points belong to; made once for all of them. */
export interface Reporter {
  /** The same for the same attributes. */
  identity: string
  /** A short form of it. */
  from: string
}

export function reporterOf(attributes: Attributes): Reporter {
  const identity = reportKey(identityOf(attributes))
  return { identity, from: identity.slice(0, 8) }
}

/** A data point that may be stored; null tells nothing, as one without a value does. */
export type ReadPoint = { key: string; point: ReportedPoint } | { refusal: string } | null

/** Reads the data points of one metric that has rules. */
export class PointReader {
  readonly #data: Data
  readonly #rules: readonly PlacedRule[]
  readonly #from: string
  /** What its series have in common. */
  readonly #identity: string
  readonly #refusal: string | null
  readonly #isGauge: boolean
  readonly #isCumulative: boolean
  readonly #isTime: boolean
  /** What its unit is in ours. */
  readonly #scale: number

  constructor({ identity, from }: Reporter, { name, unit, scope }: Metric, data: Data, rules: readonly PlacedRule[]) {
    this.#data = data
    this.#rules = rules
    this.#from = from
    this.#identity = `${identity}\n${scope}\n${name}`
    this.#refusal = refusalOfKind(data, rules)
    this.#isGauge = rules.some(({ figure }) => GAUGES.has(figure))
    this.#isCumulative =
      !this.#isGauge && (data.kind === 'summary' || ('temporality' in data && data.temporality === 'CUMULATIVE'))
    // A histogram of times may be a number of requests too, which has no scale.
    const time = rules.find(({ figure, rule }) => figure in DISTRIBUTIONS && rule.part !== 'count')
    this.#isTime = time !== undefined
    this.#scale = (time && UNITS_MS[unit]) ?? (time ?? rules[0])?.rule.scale ?? 1
  }

  /**
   * A refusal is a sentence that goes on after its subject.
   * @param deployment whose point it is: the same point of two deployments has two keys
   */
  read(deployment: string, point: Point): ReadPoint {
    if (point.hasNoValue) return null
    const { attributes, startNanos, timeNanos } = point
    if (!(timeNanos > 0)) return { refusal: 'has no time (timeUnixNano).' }
    if (this.#refusal !== null) return { refusal: this.#refusal }
    const figures = figuresOf(this.#rules, attributes)
    if (figures.length === 0) return null
    const { kind } = this.#data
    const read =
      kind === 'sum' || kind === 'gauge'
        ? numberOf(point as NumberPoint, this.#scale, this.#rules)
        : distributionOf(this.#data, point, this.#isTime ? this.#scale : 1)
    if ('refusal' in read) return read
    const series = `${this.#identity}\n${identityOf(attributes, this.#isGauge ? repeatedBy(this.#rules) : [])}`
    return {
      key: reportKey(`${deployment}\n${series}\n${startNanos}\n${timeNanos}`),
      point: {
        kind: 'point',
        from: this.#from,
        timeMs: timeNanos / NANOS_PER_MS,
        series: this.#seriesKey(series, startNanos),
        startMs: startNanos > 0 ? startNanos / NANOS_PER_MS : null,
        count: read.count,
        sum: read.sum,
        maxMs: this.#isCumulative ? null : read.maxMs,
        buckets: read.buckets,
        figures,
      },
    }
  }

  #seriesKey(series: string, startNanos: number): string | null {
    if (this.#isGauge) return reportKey(series)
    return this.#isCumulative ? seriesKey(this.#identity, series, startNanos) : null
  }
}

/** Why a metric of this kind cannot tell its figures; null when it can. */
function refusalOfKind(data: Data, rules: readonly PlacedRule[]): string | null {
  if ('temporality' in data && data.temporality === 'UNSPECIFIED') {
    return 'has no aggregation temporality; send 1 (delta) or 2 (cumulative).'
  }
  const [first] = rules
  const isGauge = first !== undefined && GAUGES.has(first.figure)
  if (isGauge) {
    const isState =
      data.kind === 'gauge' || (data.kind === 'sum' && !data.isMonotonic && data.temporality === 'CUMULATIVE')
    return isState ? null : `is a ${data.kind} of what happened; send a gauge, or a cumulative up-down counter.`
  }
  if (data.kind === 'gauge') return 'is a gauge; send what is counted as a sum or a histogram.'
  if (data.kind !== 'sum') return null
  if (!data.isMonotonic) return 'is a sum that is not monotonic; send a counter.'
  return rules.every(({ figure }) => figure in DISTRIBUTIONS) ? 'is a sum; send times as a histogram.' : null
}

interface KnownFigures {
  /** The attributes that decide. */
  labels: readonly string[]
  byValues: Map<string, readonly ReportedFigure[]>
}

const FIGURES = new WeakMap<readonly PlacedRule[], KnownFigures>()
const MAX_KNOWN_FIGURES = 100
const MAX_KNOWN_CHARACTERS = 1000
/** Of a reason: more than is stored of it. */
const MAX_REASON_CHARACTERS = 200

/** The same object for equal figures, which most data points of a metric tell. */
function figuresOf(rules: readonly PlacedRule[], attributes: Attributes): readonly ReportedFigure[] {
  let known = FIGURES.get(rules)
  // Reasons are words from elsewhere: there may be any number of them.
  if (known === undefined || known.byValues.size > MAX_KNOWN_FIGURES) {
    const labels = rules.flatMap(({ rule: { where, whereNot, reason } }) => [
      ...Object.keys({ ...where, ...whereNot }),
      ...(reason === undefined ? [] : [reason]),
    ])
    known = { labels: [...new Set(labels)], byValues: new Map() }
    FIGURES.set(rules, known)
  }
  const values = JSON.stringify(known.labels.map((label) => attributes.get(label)))
  // Kept for as long as the server runs.
  if (values.length > MAX_KNOWN_CHARACTERS) return rules.flatMap((rule) => figureOf(rule, attributes))
  const same = known.byValues.get(values)
  if (same !== undefined) return same
  const figures = rules.flatMap((rule) => figureOf(rule, attributes))
  known.byValues.set(values, figures)
  return figures
}

function figureOf({ figure, server, group, place, rule }: PlacedRule, attributes: Attributes): ReportedFigure[] {
  const placed = { figure, server, group, place }
  if (counts(rule, attributes)) {
    const reason = rule.reason === undefined ? null : shortened(attributes.get(rule.reason) ?? null)
    return [{ ...placed, part: rule.part ?? 'all', reason }]
  }
  // Who tells of requests that none of these failed knows that there were no errors.
  const isTold = Object.keys(rule.where ?? {}).every((label) => attributes.has(label))
  return figure === 'errors' && isTold ? [{ ...placed, part: 'nothing', reason: null }] : []
}

/** A text of its own: a part of a text would keep all of it in memory. */
function shortened(reason: string | null): string | null {
  const isLong = reason !== null && reason.length > MAX_REASON_CHARACTERS
  return isLong ? Buffer.from(reason.slice(0, MAX_REASON_CHARACTERS), 'utf8').toString('utf8') : reason
}

function numberOf({ value }: NumberPoint, scale: number, rules: readonly PlacedRule[]): DistributionOfPoint {
  if (value === null) return { refusal: 'has neither asInt nor asDouble.' }
  if (!Number.isFinite(value) || value < 0) return { refusal: `has the value ${value}; it must be a number from 0 on.` }
  if (value > Number.MAX_SAFE_INTEGER) return { refusal: `has the value ${value}; at most 2^53 - 1 is counted.` }
  const isShare = rules.some(({ figure }) => figure === 'kvCacheUsage')
  // A little more than all is what rounding made.
  if (isShare && value * scale > 1.01) return { refusal: `has the value ${value}; a share is from 0 to 1.` }
  return { count: isShare ? value * scale : value, sum: null, maxMs: null, buckets: null }
}

function repeatedBy(rules: readonly PlacedRule[]): string[] {
  return rules.flatMap(({ rule }) => rule.repeatedBy ?? [])
}

/** Attributes have no order: a collector may change it. */
function identityOf(attributes: Attributes, without: readonly string[] = []): string {
  if (attributes.size === 0) return ''
  const names = [...attributes.keys()].toSorted()
  return JSON.stringify(names.flatMap((name) => (without.includes(name) ? [] : [name, attributes.get(name)])))
}
