import { Distribution } from '../../../metrics/distribution.ts'
import { fewReasons, MAX_REASON_CHARACTERS, noReasons, OTHER_REASON } from '../../../metrics/reasons.ts'
import type { Measurement } from '../../../metrics/sample.ts'
import { MAX_COUNT } from '../../../metrics/storable-metrics.ts'
import {
  DISTRIBUTION_NAMES,
  DISTRIBUTIONS,
  type DistributionName,
  NOTHING_KNOWN,
} from '../../../metrics/window-metrics.ts'
import type {
  ReportedCounter,
  ReportedFigure,
  ReportedGauge,
  ReportedPoint,
  ReportedRequest,
} from '../../../samples/reported.ts'
import { addBuckets } from './report-buckets.ts'
import type { Increase } from './report-deltas.ts'

const COUNTERS: readonly ReportedCounter[] = ['requests', 'errors', 'promptTokens', 'generatedTokens']
const GAUGES: readonly ReportedGauge[] = ['inFlight', 'waiting', 'kvCacheUsage']

/** Sets of bounds that are added up before they are merged: more than a distribution keeps. */
const MAX_SETS = 32

interface Times {
  distribution: Distribution
  /** Of them all; beyond MAX_COUNT the distribution is not known. */
  count: number
  /** Counts of explicit bounds, added up before they are merged: few sets of bounds come in many data points. */
  bounded: { boundsMs: readonly number[]; counts: number[] }[]
  /** NaN as soon as it is not known of some of them. */
  sumMs: number
  maxMs: number
}

/** Adds what was reported up to the measurement of a window. */
export class ReportTally {
  readonly #points: { point: ReportedPoint; increase: Increase | null }[] = []
  readonly #counters = new Map<ReportedCounter, number>()
  readonly #times = new Map<DistributionName, Times>()
  readonly #gauges = new Map<ReportedGauge, Map<string, ReportedPoint>>()
  readonly #reasons = noReasons()
  #lateReports = 0

  /** What a data point adds; null: it is not known. */
  addPoint(point: ReportedPoint, increase: Increase | null): void {
    this.#points.push({ point, increase })
  }

  /** Requests one by one, all of a window: none means that there were none. */
  addRequests(requests: readonly ReportedRequest[]): void {
    this.#count('requests', requests.length)
    this.#count('errors', requests.filter(({ error }) => error !== null).length)
    this.#timesOf('latency')
    for (const request of requests) {
      this.#time('latency', request.latencyMs)
      this.#time('timeToFirstToken', request.timeToFirstTokenMs)
      this.#time('queueTime', request.queueTimeMs)
      if (request.promptTokens !== null) this.#count('promptTokens', request.promptTokens)
      if (request.generatedTokens !== null) this.#count('generatedTokens', request.generatedTokens)
      if (request.error !== null) this.#reason(request.error, 1)
    }
  }

  addLate(reports: number): void {
    this.#lateReports += reports
  }

  measurement(): Measurement {
    const chosen = this.#chosen()
    for (const { point, increase } of this.#points) {
      for (const figure of chosen.get(point.from)?.get(point.figures) ?? []) this.#addFigure(point, figure, increase)
    }
    for (const { distribution, bounded } of this.#times.values()) {
      for (const { boundsMs, counts } of bounded) distribution.recordBuckets(boundsMs, counts)
    }
    const measurement: Measurement = { ...NOTHING_KNOWN, lateReports: this.#lateReports }
    for (const name of COUNTERS) {
      const count = this.#counters.get(name)
      measurement[name] = count === undefined ? null : Math.round(count)
    }
    measurement.errorsByReason = measurement.errors === null ? null : fewReasons(this.#reasons)
    for (const name of GAUGES) measurement[name] = this.#gauge(name)
    for (const name of DISTRIBUTION_NAMES) {
      const times = this.#times.get(name)
      if (times === undefined || times.count > MAX_COUNT || (times.count === 0 && name !== 'latency')) continue
      measurement[name] = times.count === 0 ? null : times.distribution
      measurement[DISTRIBUTIONS[name].sum] = numberOrNull(times.sumMs)
      measurement[DISTRIBUTIONS[name].max] = numberOrNull(times.maxMs)
    }
    return measurement
  }

  /**
   * Of several names for one figure of a reporter those of one server, and in each of its groups the first one: by
   * reporter, those of each list of figures.
   */
  #chosen(): Map<string, Map<readonly ReportedFigure[], readonly ReportedFigure[]>> {
    const chosen = new Map<string, Map<readonly ReportedFigure[], readonly ReportedFigure[]>>()
    for (const { point } of this.#points) {
      const lists = chosen.get(point.from) ?? new Map<readonly ReportedFigure[], readonly ReportedFigure[]>()
      chosen.set(point.from, lists.set(point.figures, point.figures))
    }
    for (const lists of chosen.values()) {
      const servers = new Map<string, number>()
      const places = new Map<string, number>()
      const lower = (map: Map<string, number>, key: string, value: number) =>
        map.set(key, Math.min(map.get(key) ?? Infinity, value))
      for (const { figure, server, group, place } of [...lists.keys()].flat()) {
        lower(servers, figure, server)
        lower(places, `${figure} ${server} ${group}`, place)
      }
      for (const list of lists.keys()) {
        const counted = list.filter(
          ({ figure, server, group, place }) =>
            servers.get(figure) === server && places.get(`${figure} ${server} ${group}`) === place,
        )
        lists.set(list, counted)
      }
    }
    return chosen
  }

  #addFigure(point: ReportedPoint, { figure, part, reason }: ReportedFigure, increase: Increase | null): void {
    if (isGauge(figure)) {
      const bySeries = this.#gauges.get(figure) ?? new Map<string, ReportedPoint>()
      this.#gauges.set(figure, bySeries)
      const last = bySeries.get(point.series ?? '')
      if (last === undefined || last.timeMs <= point.timeMs) bySeries.set(point.series ?? '', point)
      return
    }
    if (increase === null) return
    if (figure in DISTRIBUTIONS) {
      const times = this.#timesOf(figure as DistributionName)
      times.count += increase.count
      if (increase.count === 0 || times.count > MAX_COUNT) return
      addIncrease(times, increase)
      times.sumMs += increase.sum ?? Number.NaN
      times.maxMs = Math.max(times.maxMs, increase.maxMs ?? Number.NaN)
      return
    }
    const counted = part === 'nothing' ? 0 : part === 'sum' ? increase.sum : increase.count
    if (counted === null) return
    this.#count(figure as ReportedCounter, counted)
    if (figure === 'errors' && counted > 0) this.#reason(reason ?? '', counted)
  }

  #count(name: ReportedCounter, count: number): void {
    this.#counters.set(name, (this.#counters.get(name) ?? 0) + count)
  }

  #time(name: DistributionName, ms: number | null): void {
    if (ms === null) return
    const times = this.#timesOf(name)
    times.count += 1
    if (times.count > MAX_COUNT) return
    times.distribution.record(ms)
    times.sumMs += ms
    times.maxMs = Math.max(times.maxMs, ms)
  }

  #timesOf(name: DistributionName): Times {
    const times = this.#times.get(name) ?? {
      distribution: new Distribution(),
      count: 0,
      bounded: [],
      sumMs: 0,
      maxMs: 0,
    }
    this.#times.set(name, times)
    return times
  }

  #reason(given: string, count: number): void {
    const reason = given === '' ? OTHER_REASON : given.slice(0, MAX_REASON_CHARACTERS)
    this.#reasons[reason] = (this.#reasons[reason] ?? 0) + count
  }

  /** Requests of several reporters add up; of their caches the mean is shown. */
  #gauge(name: ReportedGauge): number | null {
    const values = [...(this.#gauges.get(name)?.values() ?? [])].map(({ count }) => count)
    if (values.length === 0) return null
    const sum = values.reduce((total, value) => total + value, 0)
    return name === 'kvCacheUsage' ? Math.min(1, sum / values.length) : Math.round(sum)
  }
}

function addIncrease({ distribution, bounded }: Times, { count, buckets }: Increase): void {
  if (buckets?.kind !== 'bounds') return addBuckets(distribution, count, buckets)
  const { boundsMs, counts } = buckets
  const known = bounded.find(
    (own) => own.boundsMs.length === boundsMs.length && own.boundsMs.every((bound, at) => bound === boundsMs[at]),
  )
  if (known === undefined && bounded.length === MAX_SETS) distribution.recordBuckets(boundsMs, counts)
  else if (known === undefined) bounded.push({ boundsMs, counts: [...counts] })
  else for (const [at, more] of counts.entries()) known.counts[at] = (known.counts[at] ?? 0) + more
}

function isGauge(figure: ReportedFigure['figure']): figure is ReportedGauge {
  return (GAUGES as readonly string[]).includes(figure)
}

function numberOrNull(value: number): number | null {
  return Number.isNaN(value) ? null : value
}
