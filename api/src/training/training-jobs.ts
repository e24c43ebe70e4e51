import {
  isForeignKeyViolation,
  type Prisma,
  type PrismaClient,
  type TrainingJob,
  type TrainingJobStatus,
  type TrainingStep,
} from '@gaugeline/prisma'
import type { Clock } from '../base/clock.ts'
import type { IdempotencyKey, Idempotency } from '../idempotency/idempotency.ts'
import type { Bus } from '../bus/bus.ts'
import type { Models } from '../models/models.ts'
import { type Page, type PageRequest, pageOf } from '../base/paging.ts'
import { TRANSACTION } from '../base/transaction.ts'
import type { WebhookOutbox } from '../webhooks/outbox.ts'
import {
  TrainingJobFinishedError,
  TrainingJobHasDeploymentsError,
  TrainingJobNotFoundError,
  TrainingJobSimulatedError,
} from './training.errors.ts'
import { type TrainingJobFilter, trainingJobKeyset, type TrainingJobOrder, whereFilter } from './training-filter.ts'
import { checkNewJob, checkUpdate, type NewTrainingJob, type TrainingJobUpdate } from './training-input.ts'

type TrainingJobQuery = Pick<Prisma.TrainingJobFindManyArgs, 'include' | 'select'>

export interface TrainingJobsOptions {
  prisma: PrismaClient
  models: Models
  idempotency: Idempotency
  bus: Bus
  outbox: WebhookOutbox
  clock: Clock
}

const NAMED_DEPLOYMENTS = 20
/** The jobs that a subscriber to all jobs receives at the start. */
const MAX_CURRENT = 1000

/** Owns the training jobs, both those that third parties register and simulated ones, and their loss curves. */
export class TrainingJobs {
  readonly #options: TrainingJobsOptions

  constructor(options: TrainingJobsOptions) {
    this.#options = options
  }

  byId(id: string, query: TrainingJobQuery = {}): Promise<TrainingJob | null> {
    return this.#options.prisma.trainingJob.findUnique({ ...query, where: { id } })
  }

  list(
    filter: TrainingJobFilter | null | undefined,
    order: TrainingJobOrder | null | undefined,
    page: PageRequest,
    query: TrainingJobQuery = {},
  ): Promise<Page<TrainingJob>> {
    return pageOf(trainingJobKeyset(order), page, ({ where, orderBy, take }) =>
      this.#options.prisma.trainingJob.findMany({
        ...query,
        where: { AND: [whereFilter(filter), where] },
        orderBy,
        take,
      }),
    )
  }

  /** The id of this job, if it exists; without an id, the newest thousand unfinished jobs, oldest first. */
  async currentIds(id: string | null): Promise<string[]> {
    const jobs = await this.#options.prisma.trainingJob.findMany({
      where: id === null ? { status: { in: ['QUEUED', 'RUNNING'] } } : { id },
      select: { id: true },
      orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
      take: MAX_CURRENT,
    })
    return jobs.map((job) => job.id).toReversed()
  }

  /** Loss curves, each thinned evenly to at most `maxPoints` steps including the last one. One statement. */
  async lossCurves(requests: readonly { trainingJobId: string; maxPoints: number }[]): Promise<TrainingStep[][]> {
    const steps = await this.#options.prisma.$queryRaw<(TrainingStep & { request: number })[]>`
      select request::int, training_job_id as "trainingJobId", step, loss, accuracy, at from (
        select s.*, r.request, r.max_points, row_number() over (partition by r.request order by s.step desc) - 1 as back,
          count(*) over (partition by r.request) as total
        from unnest(${requests.map((request) => request.trainingJobId)}::uuid[],
          ${requests.map((request) => request.maxPoints)}::int[]) with ordinality as r(training_job_id, max_points, request)
        join training_steps s using (training_job_id)
      ) s where back % ceil(total::float8 / max_points)::bigint = 0 order by request, step`
    const curves = requests.map((): TrainingStep[] => [])
    for (const { request, ...step } of steps) curves[request - 1]?.push(step)
    return curves
  }

  /**
   * Registers a job that a third party runs. The model is created if its name is unknown.
   * @throws InvalidInputError, IdempotencyConflictError
   */
  async register(
    input: NewTrainingJob & { name: string; status: TrainingJobStatus },
    by: string,
    idempotencyKey?: IdempotencyKey,
  ): Promise<TrainingJob> {
    checkNewJob(input, idempotencyKey)
    const now = this.#now()
    const { status } = input
    return this.#create(
      input,
      by,
      { operation: 'registerTrainingJob', idempotencyKey },
      {
        name: input.name,
        status,
        simulated: false,
        progress: status === 'COMPLETED' ? 1 : 0,
        startedAt: status === 'QUEUED' ? null : now,
        finishedAt: isFinal(status) ? now : null,
      },
    )
  }

  /**
   * Starts a simulated run of about a minute; TrainingRuns drives it.
   * @throws InvalidInputError, IdempotencyConflictError
   */
  async start(input: NewTrainingJob, by: string, idempotencyKey?: IdempotencyKey): Promise<TrainingJob> {
    checkNewJob(input, idempotencyKey)
    const name = input.name?.trim() ? input.name : `run-${this.#now().toISOString().slice(0, 19).replaceAll(':', '')}`
    return this.#create(
      input,
      by,
      { operation: 'startTrainingJob', idempotencyKey },
      { name, status: 'QUEUED', simulated: true },
    )
  }

  /**
   * Changes a registered job and adds steps to its curve. A step that exists is replaced, so that a retry does no harm.
   * @throws TrainingJobNotFoundError, TrainingJobFinishedError, TrainingJobSimulatedError, InvalidInputError
   */
  async update(id: string, update: TrainingJobUpdate): Promise<TrainingJob> {
    const { prisma, outbox, bus } = this.#options
    const now = this.#now()
    const job = await prisma.$transaction(async (tx) => {
      const before = await lockJob(tx, id)
      if (before.simulated) throw new TrainingJobSimulatedError()
      if (isFinal(before.status)) throw new TrainingJobFinishedError(before.status)
      checkUpdate(update, before.status)
      const status = update.status ?? before.status
      await writeSteps(
        tx,
        id,
        (update.steps ?? []).map((step) => ({ ...step, accuracy: step.accuracy ?? null, at: now })),
      )
      const after = await tx.trainingJob.update({
        where: { id },
        data: {
          status,
          progress: status === 'COMPLETED' ? 1 : (update.progress ?? before.progress),
          finalLoss: update.finalLoss ?? before.finalLoss,
          finalAccuracy: update.finalAccuracy ?? before.finalAccuracy,
          failureReason: update.failureReason ?? before.failureReason,
          startedAt: before.startedAt ?? (status === 'QUEUED' ? null : now),
          finishedAt: isFinal(status) ? now : null,
        },
      })
      if (isFinal(status)) await outbox.addTrainingJob(tx, after, now)
      return after
    }, TRANSACTION)
    if (isFinal(job.status)) outbox.announce()
    bus.publish('trainingJob', {
      trainingJobId: id,
      newSteps: (update.steps ?? []).map((step) => ({ ...step, accuracy: step.accuracy ?? null, at: now })),
    })
    return job
  }

  /** @throws TrainingJobNotFoundError, TrainingJobFinishedError */
  async cancel(id: string): Promise<TrainingJob> {
    const job = await this.#options.prisma.$transaction(async (tx) => {
      const before = await lockJob(tx, id)
      if (isFinal(before.status)) throw new TrainingJobFinishedError(before.status)
      return tx.trainingJob.update({ where: { id }, data: { status: 'CANCELLED', finishedAt: this.#now() } })
    }, TRANSACTION)
    this.#options.bus.publish('trainingJob', { trainingJobId: id, newSteps: [] })
    return job
  }

  /**
   * Deletes a job and its curve.
   * @throws TrainingJobNotFoundError, TrainingJobHasDeploymentsError
   */
  async delete(id: string): Promise<void> {
    const { prisma, bus } = this.#options
    try {
      const job = await prisma.$transaction(async (tx) => {
        await lockJob(tx, id)
        return tx.trainingJob.delete({ where: { id }, include: { model: true } })
      }, TRANSACTION)
      bus.publish('trainingJob', { trainingJobId: id, newSteps: [], deleted: { ...job, deployments: [] } })
    } catch (error) {
      if (!isForeignKeyViolation(error)) throw error
      const deployments = await prisma.deployment.findMany({
        where: { trainingJobId: id },
        orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
        take: NAMED_DEPLOYMENTS,
      })
      throw new TrainingJobHasDeploymentsError(deployments)
    }
  }

  async #create(
    input: NewTrainingJob,
    by: string,
    { operation, idempotencyKey }: { operation: string; idempotencyKey: IdempotencyKey | undefined },
    data: Omit<Prisma.TrainingJobUncheckedCreateInput, 'modelId' | 'createdBy'>,
  ): Promise<TrainingJob> {
    const { prisma, models, idempotency, outbox, bus } = this.#options
    const { job, isNew } = await prisma.$transaction(
      (tx) =>
        idempotency.once(tx, idempotencyKey, {
          operation,
          input: { ...input },
          run: async () => {
            const model = await models.findOrCreate(tx, input.modelName)
            const job = await tx.trainingJob.create({
              data: {
                ...data,
                modelId: model.id,
                framework: input.framework ?? null,
                dataset: input.dataset ?? null,
                ...(input.hyperparameters == null ? {} : { hyperparameters: input.hyperparameters }),
                createdAt: this.#now(),
                createdBy: by,
              },
            })
            if (isFinal(job.status)) await outbox.addTrainingJob(tx, job, job.createdAt)
            return { job, isNew: true }
          },
          idOf: ({ job }) => job.id,
          replay: async (id) => {
            const job = await tx.trainingJob.findUnique({ where: { id } })
            return job && { job, isNew: false }
          },
        }),
      TRANSACTION,
    )
    if (isNew && isFinal(job.status)) outbox.announce()
    if (isNew) bus.publish('trainingJob', { trainingJobId: job.id, newSteps: [] })
    return job
  }

  #now(): Date {
    return new Date(this.#options.clock.now())
  }
}

/** COMPLETED, FAILED and CANCELLED never change again. */
export function isFinal(status: TrainingJobStatus): boolean {
  return status === 'COMPLETED' || status === 'FAILED' || status === 'CANCELLED'
}

export interface NewStep {
  step: number
  loss: number
  accuracy: number | null
  at: Date
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

async function lockJob(tx: Prisma.TransactionClient, id: string): Promise<TrainingJob> {
  await tx.$queryRaw`select 1 from training_jobs where id = ${id}::uuid for update`
  const job = await tx.trainingJob.findUnique({ where: { id } })
  if (!job) throw new TrainingJobNotFoundError()
  return job
}
