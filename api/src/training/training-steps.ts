import type { Prisma, TrainingJob } from '@gaugeline/prisma'
import { QuotaExceededError } from '../base/quotas.ts'
import { TrainingJobNotFoundError } from './training.errors.ts'
import type { TrainingJobUpdate } from './training-input.ts'

interface NewStep {
  step: number
  loss: number
  accuracy: number | null
  at: Date
}

/** The steps of an update, as they are written and published. */
export function stepsOf({ steps }: TrainingJobUpdate, at: Date): NewStep[] {
  return (steps ?? []).map((step) => ({ ...step, accuracy: step.accuracy ?? null, at }))
}

/**
 * Whether an update says again how a job ended, and nothing that the job does not hold: it repeats the one that ended
 * it, whose answer may have been lost.
 */
export async function isRepetition(
  tx: Prisma.TransactionClient,
  job: TrainingJob,
  update: TrainingJobUpdate,
): Promise<boolean> {
  if (update.status !== job.status) return false
  const isKept = <T>(given: T | null | undefined, stored: T | null) => given == null || given === stored
  const isSame =
    // A completed job has all its progress, whatever the update said.
    (job.status === 'COMPLETED' || isKept(update.progress, job.progress)) &&
    isKept(update.finalLoss, job.finalLoss) &&
    isKept(update.finalAccuracy, job.finalAccuracy) &&
    isKept(update.failureReason, job.failureReason) &&
    isKept(update.startedAt?.getTime(), job.startedAt?.getTime() ?? null) &&
    isKept(update.finishedAt?.getTime(), job.finishedAt?.getTime() ?? null)
  if (!isSame || !update.steps?.length) return isSame
  // Of a step that is given twice, the last one counts.
  const given = new Map(update.steps.map((step) => [step.step, step]))
  const stored = await tx.trainingStep.findMany({ where: { trainingJobId: job.id, step: { in: [...given.keys()] } } })
  return (
    stored.length === given.size &&
    stored.every(({ step, loss, accuracy }) => {
      const same = given.get(step)
      return same?.loss === loss && (same.accuracy ?? null) === accuracy
    })
  )
}

/**
 * Writes any number of steps in one statement, and counts those that are new. The job must be locked, or just written,
 * by the transaction.
 * @throws QuotaExceededError when the job would have more than `max`; the transaction must end then
 */
export async function writeSteps(
  tx: Prisma.TransactionClient,
  trainingJobId: string,
  steps: readonly NewStep[],
  max: number,
): Promise<void> {
  if (steps.length === 0) return
  const [counted] = await tx.$queryRaw<{ added: number; total: number }[]>`
    with given as (
      select distinct on (step) step, loss, accuracy, at from unnest(
        ${steps.map((s) => s.step)}::int[], ${steps.map((s) => s.loss)}::float8[],
        ${steps.map((s) => s.accuracy)}::float8[], ${steps.map((s) => s.at)}::timestamptz[]
      ) with ordinality as s(step, loss, accuracy, at, n) order by step, n desc
    ), replaced as (
      update training_steps s set loss = g.loss, accuracy = g.accuracy, at = g.at
      from given g where s.training_job_id = ${trainingJobId}::uuid and s.step = g.step returning s.step
    ), added as (
      insert into training_steps (training_job_id, step, loss, accuracy, at, position)
      select j.id, g.step, g.loss, g.accuracy, g.at, j.step_count + row_number() over (order by g.step)
      from given g join training_jobs j on j.id = ${trainingJobId}::uuid
      where not exists (select 1 from replaced r where r.step = g.step)
      returning step
    ), counted as (select count(*)::int as added from added)
    update training_jobs set step_count = step_count + added from counted where id = ${trainingJobId}::uuid
    returning added, step_count as total`
  // A job of before the limit may have more: its steps can still be replaced.
  if (counted && counted.added > 0 && counted.total > max) {
    throw new QuotaExceededError('STEPS_PER_TRAINING_JOB', max)
  }
}

export async function lockJob(tx: Prisma.TransactionClient, id: string): Promise<TrainingJob> {
  await tx.$queryRaw`select 1 from training_jobs where id = ${id}::uuid for update`
  const job = await tx.trainingJob.findUnique({ where: { id } })
  if (!job) throw new TrainingJobNotFoundError()
  return job
}
