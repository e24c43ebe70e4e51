import type { Clock } from '../../../base/clock.ts'
import { RefusedError } from '../../../base/errors.ts'
import { uuidOf } from '../../../base/global-ids.ts'
import type { ReportInbox, ReportItem } from '../../../samples/report-inbox.ts'
import type { ReportTargets } from '../../../samples/report-targets.ts'
import { placeOf, type ReportTarget } from '../../../samples/report-times.ts'
import { MalformedReportError, MAX_DATA_POINTS, type MetricData, type ResourceMetrics } from './otlp.ts'
import { readOtlpJson } from './otlp-json.ts'
import { readOtlpProtobuf } from './otlp-protobuf.ts'
import { PointReader, reporterOf } from './report-points.ts'
import type { ReportRules } from './report-rules.ts'
import { Refusals } from './refusals.ts'

/** Names the deployment that data points are of: its id, as the API shows it. */
const DEPLOYMENT_ATTRIBUTE = 'gaugeline.deployment.id'

export interface OtlpOptions {
  inbox: Pick<ReportInbox, 'accept'>
  targets: Pick<ReportTargets, 'find'>
  rules: ReportRules
  /** Recording's clock. */
  clock: Clock
}

/** What became of the data points of a request. */
export interface OtlpOutcome {
  rejected: number
  /** Why; empty when all were taken. */
  message: string
}

/** Takes the data points of OTLP requests: each that was not refused is stored once before the answer. */
export class OtlpReceiver {
  readonly #options: OtlpOptions

  constructor(options: OtlpOptions) {
    this.#options = options
  }

  /**
   * @param boundTo the only deployment that the caller may report for, a uuid
   * @param charge called with the number of data points, before they are worked on; may throw to refuse them
   * @throws RefusedError BAD_USER_INPUT for a body that is not OTLP; what `charge` and the inbox throw passes through
   */
  async receive(
    body: Uint8Array,
    encoding: 'protobuf' | 'json',
    boundTo: string | undefined,
    charge: (points: number) => void,
  ): Promise<OtlpOutcome> {
    const resources = read(body, encoding)
    const size = resources.reduce((sum, { metrics }) => sum + pointsIn(metrics), 0)
    if (size > MAX_DATA_POINTS) {
      throw new RefusedError('BAD_USER_INPUT', `A request has at most ${MAX_DATA_POINTS} data points, not ${size}.`)
    }
    charge(size)
    const refusals = new Refusals()
    const items = new Map<string, ReportItem>()
    for (const resource of resources) await this.#readResource(resource, boundTo, items, refusals)
    await this.#options.inbox.accept([...items.values()])
    return refusals.outcome(size)
  }

  async #readResource(
    { resource, metrics }: ResourceMetrics,
    boundTo: string | undefined,
    items: Map<string, ReportItem>,
    refusals: Refusals,
  ): Promise<void> {
    const reporter = reporterOf(resource)
    const named = resource.get(DEPLOYMENT_ATTRIBUTE)
    const targets = new Map<string | undefined, OpenTarget | string>()
    for (const metric of metrics) {
      const { name, data } = metric
      if (data === null || data.points.length === 0) continue
      const rules = this.#options.rules.of(name)
      if (rules.length === 0) {
        refusals.ignore(name, data.points.length)
        continue
      }
      const reader = new PointReader(reporter, metric, data, rules)
      for (const point of data.points) {
        const id = point.attributes.get(DEPLOYMENT_ATTRIBUTE) ?? named
        const target = targets.get(id) ?? (await this.#targetOf(id, boundTo))
        targets.set(id, target)
        if (typeof target === 'string') {
          refusals.add(name, target)
          continue
        }
        const read = reader.read(target.id, point)
        if (read === null) {
          refusals.take()
          continue
        }
        const place = 'refusal' in read ? read : placeOf(target, read.point.timeMs, this.#options.clock.now())
        if ('refusal' in read || 'refusal' in place) {
          refusals.add(name, 'refusal' in place ? place.refusal : '')
          continue
        }
        refusals.take()
        const { key, point: reported } = read
        const { windowStartMs, isLate } = place
        items.set(key, { key, deploymentKey: target.key, timeMs: reported.timeMs, windowStartMs, isLate, reported })
      }
    }
  }

  /** The deployment that data points are of which name it so, or why there is none. */
  async #targetOf(named: string | undefined, boundTo: string | undefined): Promise<OpenTarget | string> {
    let id = boundTo
    if (named !== undefined) {
      try {
        id = uuidOf('Deployment', named)
      } catch (error) {
        if (error instanceof RefusedError) return `has a wrong ${DEPLOYMENT_ATTRIBUTE}: ${error.message}`
        throw error
      }
      if (boundTo !== undefined && id !== boundTo) {
        return `names another deployment (${DEPLOYMENT_ATTRIBUTE}) than the one that this token may report for.`
      }
    }
    if (id === undefined) {
      return `does not say of which deployment it is: set the resource attribute ${DEPLOYMENT_ATTRIBUTE}, or use a token that is bound to one.`
    }
    const target = await this.#options.targets.find(id)
    return target === undefined ? 'is of a deployment that does not exist, or was deleted.' : takesReports(target)
  }
}

type OpenTarget = ReportTarget & { recordingSinceMs: number }

function takesReports(target: ReportTarget): OpenTarget | string {
  const { source, recordingSinceMs } = target
  if (source !== 'REPORTED') {
    return `is of a deployment whose source is ${source}; make it REPORTED with updateDeploymentSource.`
  }
  if (recordingSinceMs === null) return 'is of a deployment that is paused; resume it first.'
  return { ...target, recordingSinceMs }
}

function read(body: Uint8Array, encoding: 'protobuf' | 'json'): ResourceMetrics[] {
  try {
    return encoding === 'protobuf' ? readOtlpProtobuf(body) : readOtlpJson(parsed(body))
  } catch (error) {
    if (error instanceof MalformedReportError) throw new RefusedError('BAD_USER_INPUT', error.message)
    throw error
  }
}

function parsed(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
  } catch (cause) {
    throw new MalformedReportError('The body is not valid JSON in UTF-8.', { cause })
  }
}

function pointsIn(metrics: readonly { data: MetricData | null }[]): number {
  return metrics.reduce((sum, { data }) => sum + (data?.points.length ?? 0), 0)
}
