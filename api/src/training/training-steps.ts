import type { Prisma, TrainingJob } from '@gaugeline/prisma'
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

/** Writes any number of steps in one statement. */
export async function writeSteps(
  tx: Prisma.TransactionClient,
  trainingJobId: string,
  steps: readonly NewStep[],
): Promise<void> {
  if (steps.length === 0) return
  await tx.$executeRaw`
    insert into training_steps (training_job_id, step, loss, accuracy, at)
    select distinct on (step) ${trainingJobId}::uuid, step, loss, accuracy, at from unnest(
      ${steps.map((s) => s.step)}::int[], ${steps.map((s) => s.loss)}::float8[],
      ${steps.map((s) => s.accuracy)}::float8[], ${steps.map((s) => s.at)}::timestamptz[]
    ) with ordinality as s(step, loss, accuracy, at, position) order by step, position desc
    on conflict (training_job_id, step) do update set loss = excluded.loss, accuracy = excluded.accuracy, at = excluded.at`
}

export async function lockJob(tx: Prisma.TransactionClient, id: string): Promise<TrainingJob> {
  await tx.$queryRaw`select 1 from training_jobs where id = ${id}::uuid for update`
  const job = await tx.trainingJob.findUnique({ where: { id } })
  if (!job) throw new TrainingJobNotFoundError()
  return job
}
