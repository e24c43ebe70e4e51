import { sequenceOf } from './documents.ts'

const FIGURES = 'at requests errorRate requestsPerSecond inFlight latency { p50Ms p95Ms p99Ms }'
export const SAMPLES = `subscription ($id: ID!, $after: SampleCursor) {
  inferenceMetrics(deploymentId: $id, after: $after) { cursor skipped metrics { ${FIGURES} } }
}`
export const FLEET = `subscription ($filter: DeploymentFilter) {
  fleetMetrics(filter: $filter) { at reported expected
    totals { requestsPerSecond errorRate latency { p50Ms p99Ms } }
    deployments { deploymentId metrics { requestsPerSecond errorRate latency { p99Ms } } } }
}`
export const EVENTS = `subscription ($after: EventCursor) {
  deploymentEvents(after: $after) { cursor skipped event { kind by at deploymentId } }
}`
export const JOB = `subscription ($id: ID!) {
  trainingJobProgress(trainingJobId: $id) { newSteps { step loss } trainingJob { status progress } }
}`

/** The part of a cursor before the sequence: the log that it belongs to. */
const LOG_CHARACTERS = 33
/** The first faults show what went wrong; a broken stream would add thousands. */
const MAX_FAULTS = 20

/** One result of any of these subscriptions. */
export interface Update {
  data?: {
    inferenceMetrics?: Entry & { metrics: { at: string } }
    fleetMetrics?: { at: string; reported: number; expected: number }
    deploymentEvents?: Entry
    trainingJobProgress?: { newSteps: { step: number }[] }
  } | null
  errors?: unknown
}

interface Entry {
  cursor: string
  skipped: number
}

export interface SeenOptions {
  query: string
  variables?: Record<string, unknown>
  windowMs: number
  lateness?: Lateness
  /** For who stays away or does not read: entries may be missing where `skipped` says how many. */
  mayMiss?: boolean
}

/** What one subscriber has seen, over all its connections; of the messages themselves it keeps nothing. */
export class Seen {
  readonly what: string
  readonly faults: string[] = []
  readonly #options: SeenOptions
  count = 0
  /** Of a log: entries that were reported as skipped. */
  skipped = 0
  /** Of a fleet, a state: windows that it passed by for a newer one, and windows that were given again. */
  passedBy = 0
  repeated = 0
  lastSequence = 0
  /** Start of the newest window. */
  lastAtMs = 0
  lastStep: number | undefined
  #cursor: string | undefined

  constructor(what: string, options: SeenOptions) {
    this.what = what
    this.#options = options
  }

  get follows(): 'windows' | 'events' | 'steps' {
    if (this.#options.query.includes('deploymentEvents')) return 'events'
    return this.#options.query.includes('trainingJobProgress') ? 'steps' : 'windows'
  }

  /** How far it is: start of the newest window in milliseconds, sequence of the newest event, or newest step. */
  get position(): number {
    return { windows: this.lastAtMs, events: this.lastSequence, steps: this.lastStep ?? 0 }[this.follows]
  }

  /** The variables to subscribe with: a log resumes where it was left. */
  get payload(): { query: string; variables: Record<string, unknown> } {
    const { query, variables } = this.#options
    return { query, variables: { ...variables, ...(this.#cursor !== undefined && { after: this.#cursor }) } }
  }

  /** A new subscription begins. Steps are delivered from then on, whatever was delivered before. */
  begins(): void {
    this.lastStep = undefined
  }

  take({ data, errors }: Update): void {
    const { inferenceMetrics: sample, fleetMetrics: fleet, deploymentEvents: event } = data ?? {}
    const steps = data?.trainingJobProgress?.newSteps
    if (sample !== undefined) this.#takeSample(sample)
    else if (fleet !== undefined) this.#takeFleet(fleet)
    else if (event !== undefined) this.#takeEntry(event)
    else if (steps !== undefined) this.#takeSteps(steps)
    if (errors !== undefined || data == null) this.fault(`no data: ${JSON.stringify(errors)}`)
    else this.count += 1
  }

  fault(what: string): void {
    if (this.faults.length < MAX_FAULTS) this.faults.push(`${this.what}: ${what}`)
  }

  #takeSample(sample: Entry & { metrics: { at: string } }): void {
    this.#takeEntry(sample)
    const { at } = sample.metrics
    if (this.#windowsTo(at) !== 1 + sample.skipped) this.#faultOfWindow(at)
    this.#arrived(at)
  }

  #takeFleet({ at, reported, expected }: { at: string; reported: number; expected: number }): void {
    if (reported !== expected) this.fault(`${reported} of ${expected} deployments at ${at}`)
    const windows = this.#windowsTo(at)
    if (windows === 0) this.repeated += 1
    else if (windows > 1) this.passedBy += windows - 1
    else if (windows !== 1) this.#faultOfWindow(at)
    this.#arrived(at)
  }

  #takeEntry({ cursor, skipped }: Entry): void {
    const sequence = sequenceOf(cursor)
    if (skipped !== 0 && this.#options.mayMiss !== true) this.fault(`skipped ${skipped} before ${sequence}`)
    if (this.count > 0 && sequence !== this.lastSequence + 1 + skipped) {
      this.fault(`${sequence} after ${this.lastSequence}, skipped ${skipped}`)
    }
    if (this.#cursor !== undefined && this.#cursor.slice(0, LOG_CHARACTERS) !== cursor.slice(0, LOG_CHARACTERS)) {
      this.fault(`${sequence} of another log`)
    }
    this.#cursor = cursor
    this.lastSequence = sequence
    this.skipped += skipped
  }

  #takeSteps(steps: readonly { step: number }[]): void {
    for (const { step } of steps) {
      if (this.lastStep !== undefined && step !== this.lastStep + 1) this.fault(`step ${step} after ${this.lastStep}`)
      this.lastStep = step
    }
  }

  /** From the last window to this one. */
  #windowsTo(at: string): number {
    return this.count > 0 ? (Date.parse(at) - this.lastAtMs) / this.#options.windowMs : 1
  }

  #faultOfWindow(at: string): void {
    this.fault(`the window ${at} after ${new Date(this.lastAtMs).toISOString()}`)
  }

  #arrived(at: string): void {
    this.lastAtMs = Date.parse(at)
    this.#options.lateness?.add(Date.now() - this.lastAtMs - this.#options.windowMs)
  }
}

/** Counts of whole milliseconds; what took longer counts as the last. */
export class Lateness {
  readonly #counts = new Uint32Array(60_001)
  #total = 0

  add(ms: number): void {
    const index = Math.min(this.#counts.length - 1, Math.max(0, Math.round(ms)))
    this.#counts[index] = (this.#counts[index] ?? 0) + 1
    this.#total += 1
  }

  /** By nearest rank. */
  quantileMs(q: number): number {
    let left = Math.max(1, Math.ceil(q * this.#total))
    const index = this.#counts.findIndex((count) => {
      left -= count
      return left <= 0
    })
    return index
  }

  /** A line of a report. */
  toString(): string {
    const [p50, p99, max] = [0.5, 0.99, 1].map((q) => this.quantileMs(q))
    return `lateness of arrival: p50 ${p50} ms, p99 ${p99} ms, max ${max} ms`
  }
}
