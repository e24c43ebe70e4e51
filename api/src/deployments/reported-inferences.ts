import type { Clock } from '../base/clock.ts'
import { RefusedError } from '../base/errors.ts'
import { encodeId } from '../base/global-ids.ts'
import { InputChecks } from '../base/input-checks.ts'
import { MAX_REPORTED_REQUESTS } from '../base/limits.ts'
import type { Viewer } from '../base/viewer.ts'
import type { ReportInbox, ReportItem } from '../samples/report-inbox.ts'
import { reportKey } from '../samples/report-key.ts'
import type { ReportTargets } from '../samples/report-targets.ts'
import { placeOf, type ReportPlace, type ReportTarget } from '../samples/report-times.ts'
import type { ReportedRequest } from '../samples/reported.ts'
import { DeploymentNotFoundError, DeploymentPausedError, SourceNotReportedError } from './deployment.errors.ts'

/** A higher latency can only be a mistake in the unit: 49 days. */
const MAX_LATENCY_MS = 2 ** 32
const MAX_TOKENS = 1e9
/** Requests whose mistakes are told; the others are probably wrong in the same way. */
const MAX_WRONG = 10

/** One finished request, as it is reported. */
interface GivenRequest {
  at: Date
  latencyMs: number
  timeToFirstTokenMs?: number | null | undefined
  queueTimeMs?: number | null | undefined
  promptTokens?: number | null | undefined
  generatedTokens?: number | null | undefined
  error?: string | null | undefined
}

export interface InferenceReport {
  reporter: string
  sequence: number
  requests: readonly GivenRequest[]
}

export interface TakenReport {
  /** Requests that are counted. */
  accepted: number
  /** How many of them in a later window than their own. */
  late: number
  /** The same report was taken before, and this one changed nothing. */
  isRepeated: boolean
}

type OpenTarget = ReportTarget & { recordingSinceMs: number }
type Placed = Exclude<ReportPlace, { refusal: string }> & { timeMs: number; request: ReportedRequest }

export interface ReportedInferencesOptions {
  inbox: ReportInbox
  targets: ReportTargets
  /** Recording's clock. */
  clock: Clock
}

/** Takes requests that were reported one by one, each report once. */
export class ReportedInferences {
  readonly #options: ReportedInferencesOptions

  constructor(options: ReportedInferencesOptions) {
    this.#options = options
  }

  /**
   * Stores a report before it resolves. One that repeats a number of its reporter changes nothing.
   * @throws DeploymentNotFoundError, SourceNotReportedError, DeploymentPausedError, InvalidInputError; RefusedError
   *   FORBIDDEN when the caller may report for another deployment only
   */
  async report(deploymentId: string, report: InferenceReport, viewer: Viewer): Promise<TakenReport> {
    if (viewer.deploymentId !== undefined && viewer.deploymentId !== deploymentId) {
      const own = encodeId('Deployment', viewer.deploymentId)
      throw new RefusedError('FORBIDDEN', `This token may report for the deployment ${own} only.`)
    }
    const target = await this.#options.targets.find(deploymentId)
    if (target === undefined) throw new DeploymentNotFoundError()
    const { key, source, recordingSinceMs } = target
    if (source !== 'REPORTED') throw new SourceNotReportedError()
    if (recordingSinceMs === null) throw new DeploymentPausedError()
    const { reporter, sequence, requests } = report
    const nowMs = this.#options.clock.now()
    const placed = check(report, { ...target, recordingSinceMs }, nowMs)
    const item = {
      key: reportKey(JSON.stringify(['inferences', deploymentId, reporter, sequence])),
      deploymentKey: key,
    }
    const items = itemsOf(item, placed)
    if (requests.length === 0) {
      // It says that there was nothing up to now.
      const windowStartMs = Math.floor(nowMs / target.intervalMs) * target.intervalMs
      const reported = { kind: 'requests', requests: [] } as const
      items.push({ ...item, windowStartMs, timeMs: nowMs, isLate: false, reported })
    }
    const isRepeated = (await this.#options.inbox.accept(items)).has(item.key)
    if (isRepeated) return { accepted: 0, late: 0, isRepeated }
    return { accepted: requests.length, late: placed.filter(({ isLate }) => isLate).length, isRepeated }
  }
}

/** One item for each window, all with the same key. */
function itemsOf(item: Pick<ReportItem, 'key' | 'deploymentKey'>, placed: readonly Placed[]): ReportItem[] {
  const items = new Map<string, ReportItem & { reported: { requests: ReportedRequest[] } }>()
  for (const { windowStartMs, isLate, timeMs, request } of placed) {
    const name = `${windowStartMs} ${isLate}`
    const known = items.get(name)
    if (known) known.reported.requests.push(request)
    else
      items.set(name, { ...item, windowStartMs, isLate, timeMs, reported: { kind: 'requests', requests: [request] } })
  }
  return [...items.values()]
}

/** @throws InvalidInputError */
function check({ reporter, sequence, requests }: InferenceReport, target: OpenTarget, nowMs: number): Placed[] {
  const checks = new InputChecks()
  if (reporter.trim() === '') checks.add(['reporter'], 'must not be empty.')
  checks.text(['reporter'], reporter, { max: 100 })
  checks.number(['sequence'], sequence, { min: 0, max: Number.MAX_SAFE_INTEGER })
  if (requests.length > MAX_REPORTED_REQUESTS) {
    checks.add(['requests'], `must be at most ${MAX_REPORTED_REQUESTS}, not ${requests.length}.`)
    checks.done()
  }
  const placed: Placed[] = []
  let wrong = 0
  for (const [index, given] of requests.entries()) {
    const timeMs = given.at.getTime()
    const place = placeOf(target, timeMs, nowMs)
    const path = ['requests', String(index)]
    const isFine = checkRequest(checks, path, given)
    if ('refusal' in place) checks.add([...path, 'at'], place.refusal)
    else if (isFine) placed.push({ ...place, timeMs, request: requestOf(given) })
    if (!isFine || 'refusal' in place) wrong += 1
    if (wrong === MAX_WRONG) break
  }
  checks.done()
  return placed
}

function checkRequest(checks: InputChecks, path: string[], given: GivenRequest): boolean {
  const times = { min: 0, max: MAX_LATENCY_MS }
  const tokens = { min: 0, max: MAX_TOKENS }
  const limits = {
    latencyMs: times,
    timeToFirstTokenMs: times,
    queueTimeMs: times,
    promptTokens: tokens,
    generatedTokens: tokens,
  }
  let isFine = true
  for (const [name, { min, max }] of Object.entries(limits) as [keyof typeof limits, typeof times][]) {
    const value = given[name]
    if (value == null || (value >= min && value <= max)) continue
    checks.number([...path, name], value, { min, max })
    isFine = false
  }
  return isFine
}

function requestOf({ latencyMs, ...given }: GivenRequest): ReportedRequest {
  return {
    latencyMs,
    timeToFirstTokenMs: given.timeToFirstTokenMs ?? null,
    queueTimeMs: given.queueTimeMs ?? null,
    promptTokens: given.promptTokens ?? null,
    generatedTokens: given.generatedTokens ?? null,
    error: given.error ?? null,
  }
}
