import type { Prisma, TrainingJobStatus } from '@gaugeline/prisma'
import { type IdempotencyKey, checkIdempotencyKey } from '../idempotency/idempotency.ts'
import { InputChecks } from '../base/input-checks.ts'
import { checkModelName } from '../models/models.ts'

export interface NewTrainingJob {
  modelName: string
  name?: string | null | undefined
  framework?: string | null | undefined
  dataset?: string | null | undefined
  hyperparameters?: Prisma.InputJsonObject | null | undefined
}

export interface TrainingJobUpdate {
  status?: TrainingJobStatus | null | undefined
  progress?: number | null | undefined
  steps?: readonly { step: number; loss: number; accuracy?: number | null | undefined }[] | null | undefined
  finalLoss?: number | null | undefined
  finalAccuracy?: number | null | undefined
  failureReason?: string | null | undefined
}

/** Steps per call. */
const MAX_STEPS = 1000
const MAX_NAME = 100
const MAX_REASON = 1000
/** A literal like 1e400 parses to Infinity, which GraphQL accepts. */
const FINITE = { min: -Number.MAX_VALUE, max: Number.MAX_VALUE }
const MAX_HYPERPARAMETERS_BYTES = 16_384

export function checkNewJob(input: NewTrainingJob, idempotencyKey?: IdempotencyKey): void {
  const checks = new InputChecks()
  checkModelName(checks, ['modelName'], input.modelName)
  checks.text(['name'], input.name, { min: 1, max: MAX_NAME })
  checks.text(['framework'], input.framework, { max: MAX_NAME })
  checks.text(['dataset'], input.dataset, { max: MAX_NAME })
  checkHyperparameters(checks, input.hyperparameters)
  checkIdempotencyKey(checks, idempotencyKey)
  checks.done()
}

/** @param before the current status, which is not final */
export function checkUpdate(update: TrainingJobUpdate, before: TrainingJobStatus): void {
  const checks = new InputChecks()
  const status = update.status ?? before
  if (before === 'RUNNING' && status === 'QUEUED') checks.add(['status'], 'a running job cannot be queued again.')
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
