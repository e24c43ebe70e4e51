import type { Prisma, TrainingJobStatus } from '@gaugeline/prisma'
import { type IdempotencyKey, checkIdempotencyKey } from '../idempotency/idempotency.ts'
import { InputChecks } from '../base/input-checks.ts'
import { checkMetadata, checkMetadataUpdate, type ObjectMetadata } from '../base/object-metadata.ts'
import { checkName, plainName } from '../base/names.ts'
import { checkModelName } from '../models/models.ts'

/** When a run began and ended, as whoever runs it knows it. */
export interface ReportedTimes {
  startedAt?: Date | null | undefined
  finishedAt?: Date | null | undefined
}

export interface NewTrainingJob extends ObjectMetadata {
  modelName: string
  name?: string | null | undefined
  framework?: string | null | undefined
  dataset?: string | null | undefined
  hyperparameters?: Prisma.InputJsonObject | null | undefined
}

export interface RegisteredTrainingJob extends NewTrainingJob, ReportedTimes {
  name: string
  status: TrainingJobStatus
}

export interface TrainingJobUpdate extends ObjectMetadata, ReportedTimes {
  status?: TrainingJobStatus | null | undefined
  progress?: number | null | undefined
  steps?: readonly { step: number; loss: number; accuracy?: number | null | undefined }[] | null | undefined
  finalLoss?: number | null | undefined
  finalAccuracy?: number | null | undefined
  failureReason?: string | null | undefined
}

/** Steps per call. */
const MAX_STEPS = 1000
const RUN_FIELDS = [
  'status',
  'progress',
  'steps',
  'finalLoss',
  'finalAccuracy',
  'failureReason',
  'startedAt',
  'finishedAt',
] as const
const MAX_NAME = 100
const MAX_REASON = 1000
/** A literal like 1e400 parses to Infinity, which GraphQL accepts. */
const FINITE = { min: -Number.MAX_VALUE, max: Number.MAX_VALUE }
const MAX_HYPERPARAMETERS_BYTES = 16_384
/** How far the clock of whoever reports a time may be ahead of ours. */
const CLOCK_SKEW_MS = 60_000

/** @throws InvalidInputError */
export function checkRegistration(input: RegisteredTrainingJob, now: Date, idempotencyKey?: IdempotencyKey): void {
  const checks = new InputChecks()
  addNewJob(checks, input, idempotencyKey)
  addTimes(checks, input, input.status, input.startedAt, now)
  checks.done()
}

/** @throws InvalidInputError */
export function checkNewJob(input: NewTrainingJob, idempotencyKey?: IdempotencyKey): void {
  const checks = new InputChecks()
  addNewJob(checks, input, idempotencyKey)
  checks.done()
}

function addNewJob(checks: InputChecks, input: NewTrainingJob, idempotencyKey: IdempotencyKey | undefined): void {
  checkModelName(checks, ['modelName'], input.modelName)
  checkName(checks, ['name'], input.name, { min: 1, max: MAX_NAME })
  checkName(checks, ['framework'], input.framework, { max: MAX_NAME })
  checkName(checks, ['dataset'], input.dataset, { max: MAX_NAME })
  checkHyperparameters(checks, input.hyperparameters)
  checkMetadata(checks, input)
  checkIdempotencyKey(checks, idempotencyKey)
}

/** With its names as they are stored. */
export function withPlainNames<Input extends Partial<NewTrainingJob>>(input: Input): Input {
  const { name, framework, dataset } = input
  return {
    ...input,
    ...(name != null && { name: plainName(name) }),
    ...(framework != null && { framework: plainName(framework) }),
    ...(dataset != null && { dataset: plainName(dataset) }),
  }
}

/** Whether an update is about finding the job only, and not about its run. An update of nothing is about the run. */
export function isMetadataOnly({ externalId, labels, ...ofRun }: TrainingJobUpdate): boolean {
  return (externalId ?? labels) != null && RUN_FIELDS.every((field) => ofRun[field] == null)
}

/** The status that an update leads to: to report that a queued job has run is to say that it runs. */
export function statusAfter(update: TrainingJobUpdate, before: TrainingJobStatus): TrainingJobStatus {
  if (update.status != null) return update.status
  return before === 'QUEUED' && hasBegun(update) ? 'RUNNING' : before
}

function hasBegun({ progress, steps, startedAt }: TrainingJobUpdate): boolean {
  return (progress ?? 0) > 0 || (steps?.length ?? 0) > 0 || startedAt != null
}

/**
 * @param before the current status and start
 * @throws InvalidInputError
 */
export function checkUpdate(
  update: TrainingJobUpdate,
  before: { status: TrainingJobStatus; startedAt: Date | null },
  now: Date,
): void {
  const checks = new InputChecks()
  const status = statusAfter(update, before.status)
  if (status === 'QUEUED' && before.status === 'RUNNING')
    checks.add(['status'], 'a running job cannot be queued again.')
  else if (status === 'QUEUED' && hasBegun(update)) {
    checks.add(['status'], 'must not be QUEUED with progress, steps or startedAt: they begin the job.')
  }
  addTimes(checks, update, status, update.startedAt ?? before.startedAt, now)
  checkMetadataUpdate(checks, update)
  checks.number(['progress'], update.progress, { min: 0, max: 1 })
  checks.number(['finalLoss'], update.finalLoss, FINITE)
  checks.number(['finalAccuracy'], update.finalAccuracy, { min: 0, max: 1 })
  checks.text(['failureReason'], update.failureReason, { max: MAX_REASON })
  if (update.failureReason != null && status !== 'FAILED') {
    checks.add(['failureReason'], 'is for failed jobs: set status to FAILED with it.')
  }
  const steps = update.steps ?? []
  if (steps.length > MAX_STEPS)
    checks.add(['steps'], `must have at most ${MAX_STEPS} steps a call, not ${steps.length}.`)
  for (const [index, { step, loss, accuracy }] of steps.slice(0, MAX_STEPS).entries()) {
    checks.number(['steps', String(index), 'step'], step, { min: 0, max: 2 ** 31 - 1 })
    checks.number(['steps', String(index), 'loss'], loss, FINITE)
    checks.number(['steps', String(index), 'accuracy'], accuracy, { min: 0, max: 1 })
  }
  checks.done()
}

/** @param start when the job began, if that is known */
function addTimes(
  checks: InputChecks,
  { startedAt, finishedAt }: ReportedTimes,
  status: TrainingJobStatus,
  start: Date | null | undefined,
  now: Date,
): void {
  for (const [field, at] of Object.entries({ startedAt, finishedAt })) {
    if (at == null) continue
    if (at.getTime() < 0) checks.add([field], 'must not be before 1970.')
    else if (at.getTime() > now.getTime() + CLOCK_SKEW_MS) checks.add([field], 'must not be in the future.')
  }
  if (startedAt != null && status === 'QUEUED') checks.add(['startedAt'], 'is for jobs that have begun to run.')
  if (finishedAt == null) return
  if (!isFinal(status)) checks.add(['finishedAt'], 'is for finished jobs: set the final status with it.')
  else if (start != null && finishedAt < start) {
    checks.add(
      ['finishedAt'],
      `must not be before the start of the job, ${start.toISOString()}; give startedAt as well.`,
    )
  }
}

/** COMPLETED, FAILED and CANCELLED never change again. */
export function isFinal(status: TrainingJobStatus): boolean {
  return status === 'COMPLETED' || status === 'FAILED' || status === 'CANCELLED'
}

function checkHyperparameters(checks: InputChecks, value: unknown): void {
  if (value == null) return
  if (typeof value !== 'object' || Array.isArray(value)) {
    checks.add(['hyperparameters'], 'must be an object, like {"learningRate": 0.001}.')
    return
  }
  let wellFormed = true
  const text = JSON.stringify(value, (key, item: unknown) => {
    wellFormed &&= isStorable(key) && (typeof item !== 'string' || isStorable(item))
    return item
  })
  if (Buffer.byteLength(text) > MAX_HYPERPARAMETERS_BYTES) {
    checks.add(['hyperparameters'], `must have at most ${MAX_HYPERPARAMETERS_BYTES} bytes as JSON.`)
  } else if (!wellFormed) checks.add(['hyperparameters'], 'must be well-formed Unicode without NUL.')
}

/** PostgreSQL's jsonb can store neither lone surrogates nor NUL. */
function isStorable(text: string): boolean {
  return text.isWellFormed() && !text.includes('\0')
}
