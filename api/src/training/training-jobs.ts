import {
  isForeignKeyViolation,
  Prisma,
  type PrismaClient,
  type Reader,
  type Selection,
  type TrainingJob,
  type TrainingJobStatus,
  type TrainingStep,
  uniqueViolation,
} from '@gaugeline/prisma'
import type { Clock } from '../base/clock.ts'
import type { IdempotencyKey, Idempotency } from '../idempotency/idempotency.ts'
import type { Bus } from '../bus/bus.ts'
import type { Models } from '../models/models.ts'
import type { Page, PageRequest } from '../base/page.ts'
import { countOf, countsOf, pageOf } from '../lists/paging.ts'
import { labelTexts } from '../base/labels.ts'
import { type Quotas, takePlace } from '../base/quotas.ts'
import { metadataColumns } from '../base/object-metadata.ts'
import { TRANSACTION } from '../base/transaction.ts'
import type { WebhookOutbox } from '../webhooks/outbox.ts'
import {
  TrainingJobExternalIdTakenError,
  TrainingJobFinishedError,
  TrainingJobHasDeploymentsError,
  TrainingJobSimulatedError,
} from './training.errors.ts'
import { type TrainingJobFilter, type TrainingJobOrder, trainingJobSource } from './training-filter.ts'
import {
  checkNewJob,
  checkRegistration,
  checkUpdate,
  isFinal,
  isMetadataOnly,
  type NewTrainingJob,
  type RegisteredTrainingJob,
  type TrainingJobUpdate,
  withPlainNames,
} from './training-input.ts'
import { type CurveRequest, readCurves } from './loss-curves.ts'
import { runColumns, timesOf } from './run-columns.ts'
import { isRepetition, lockJob, stepsOf, writeSteps } from './training-steps.ts'

export interface TrainingJobsOptions {
  prisma: PrismaClient
  reader: Reader
  models: Models
  idempotency: Idempotency
  bus: Bus
  outbox: WebhookOutbox
  clock: Clock
  /** For simulated runs: no jump of the wall clock may finish them. */
  recordingClock: Clock
  quotas: Quotas
}

const ONE_PER_EXTERNAL_ID = 'training_jobs_external_id_key'
const NAMED_DEPLOYMENTS = 20
/** The jobs that a subscriber to all jobs receives at the start. */
const MAX_CURRENT = 1000

/** Owns the training jobs, both those that third parties register and simulated ones, and their loss curves. */
export class TrainingJobs {
  readonly #options: TrainingJobsOptions

  constructor(options: TrainingJobsOptions) {
    this.#options = options
  }

  byId(id: string, selection?: Selection): Promise<TrainingJob | null> {
    return this.#options.reader.find('TrainingJob', { id }, selection)
  }

  byExternalId(externalId: string, selection?: Selection): Promise<TrainingJob | null> {
    return this.#options.reader.find('TrainingJob', { externalId }, selection)
  }

  async list(
    filter: TrainingJobFilter | null | undefined,
    order: TrainingJobOrder | null | undefined,
    page: PageRequest,
    selection?: Selection,
  ): Promise<Page<TrainingJob>> {
    const { reader } = this.#options
    return pageOf(
      reader.rowsOf('TrainingJob', selection),
      await trainingJobSource(reader, filter, order),
      page,
      async () => countOf(reader, await trainingJobSource(reader, filter)),
    )
  }

  /** The number of jobs in each status; a status without any job is absent. */
  async counts(filter: TrainingJobFilter | null | undefined): Promise<Partial<Record<TrainingJobStatus, number>>> {
    const { reader } = this.#options
    const source = await trainingJobSource(reader, filter)
    return Object.fromEntries(await countsOf(reader, source, Prisma.sql`t.status`))
  }

  /** The id of this job, if it exists; without an id, the newest thousand unfinished jobs, oldest first. */
  async currentIds(id: string | null): Promise<string[]> {
    const { prisma } = this.#options
    if (id !== null) return (await prisma.trainingJob.count({ where: { id } })) > 0 ? [id] : []
    const jobs = await Promise.all(
      (['QUEUED', 'RUNNING'] as const).map((status) =>
        prisma.trainingJob.findMany({
          where: { status },
          select: { id: true, createdAt: true },
          orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
          take: MAX_CURRENT,
        }),
      ),
    )
    const newest = jobs
      .flat()
      .toSorted((a, b) => b.createdAt.getTime() - a.createdAt.getTime() || (a.id < b.id ? 1 : -1))
    return newest
      .slice(0, MAX_CURRENT)
      .map((job) => job.id)
      .toReversed()
  }

  /** Loss curves, each thinned evenly to at most `maxPoints` steps including the last one. */
  lossCurves(requests: readonly CurveRequest[]): Promise<TrainingStep[][]> {
    return readCurves(this.#options.prisma, requests)
  }

  /**
   * Registers a job that a third party runs or has run. The model is created if its name is unknown.
   * @throws InvalidInputError, TrainingJobExternalIdTakenError, IdempotencyConflictError
   */
  async register(given: RegisteredTrainingJob, by: string, idempotencyKey?: IdempotencyKey): Promise<TrainingJob> {
    const now = this.#now()
    checkRegistration(given, now, idempotencyKey)
    const input = withPlainNames(given)
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
        ...timesOf(status, input, null, now),
      },
    )
  }

  /**
   * Starts a simulated run of about a minute; TrainingRuns drives it.
   * @throws InvalidInputError, TrainingJobExternalIdTakenError, IdempotencyConflictError, QuotaExceededError
   */
  async start(given: NewTrainingJob, by: string, idempotencyKey?: IdempotencyKey): Promise<TrainingJob> {
    checkNewJob(given, idempotencyKey)
    const input = withPlainNames(given)
    const name = input.name ? input.name : `run-${this.#now(true).toISOString().slice(0, 19).replaceAll(':', '')}`
    return this.#create(
      input,
      by,
      { operation: 'startTrainingJob', idempotencyKey },
      { name, status: 'QUEUED', simulated: true },
    )
  }

  /**
   * Changes a registered job and adds steps to its curve. A step that exists is replaced, and an update that says again
   * how the job ended changes nothing, so that a retry does no harm. The external id and the labels of every job can be
   * changed at any time.
   * @throws TrainingJobNotFoundError, TrainingJobFinishedError, TrainingJobSimulatedError,
   *   TrainingJobExternalIdTakenError, InvalidInputError, QuotaExceededError
   */
  async update(id: string, update: TrainingJobUpdate): Promise<TrainingJob> {
    const { outbox, bus, quotas } = this.#options
    const now = this.#now()
    const newSteps = stepsOf(update, now)
    const isOfRun = !isMetadataOnly(update)
    const { before, after } = await this.#write(update.externalId, async (tx) => {
      const before = await lockJob(tx, id)
      if (isOfRun && before.simulated) throw new TrainingJobSimulatedError()
      checkUpdate(update, before, now)
      if (isOfRun && isFinal(before.status) && !(await isRepetition(tx, before, update))) {
        throw new TrainingJobFinishedError(before.status)
      }
      const isRunning = isOfRun && !isFinal(before.status)
      if (isRunning) await writeSteps(tx, id, newSteps, quotas.stepsPerTrainingJob)
      const data = { ...metadataColumns(update), ...(isRunning ? runColumns(before, update, now) : {}) }
      if (Object.keys(data).length === 0) return { before, after: before }
      const after = await tx.trainingJob.update({ where: { id }, data })
      if (isRunning && isFinal(after.status)) await outbox.addTrainingJob(tx, after, now)
      return { before, after }
    })
    if (isFinal(after.status) && !isFinal(before.status)) outbox.announce()
    if (after !== before)
      bus.publish('trainingJob', { trainingJobId: id, newSteps: isFinal(before.status) ? [] : newSteps })
    return after
  }

  /** @throws TrainingJobNotFoundError, TrainingJobFinishedError */
  async cancel(id: string): Promise<TrainingJob> {
    const job = await this.#options.prisma.$transaction(async (tx) => {
      const before = await lockJob(tx, id)
      if (isFinal(before.status)) throw new TrainingJobFinishedError(before.status)
      const finishedAt = this.#now(before.simulated)
      return tx.trainingJob.update({ where: { id }, data: { status: 'CANCELLED', finishedAt } })
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
    const { models, idempotency, outbox, bus, quotas } = this.#options
    const { job, isNew } = await this.#write(input.externalId, (tx) =>
      idempotency.once(tx, idempotencyKey, {
        operation,
        input: { ...input, labels: input.labels && labelTexts(input.labels) },
        run: async () => {
          if (data.simulated === true) {
            await takePlace(tx, 'SIMULATED_RUNS', quotas.simulatedRuns, () =>
              tx.trainingJob.count({ where: { simulated: true, status: { in: ['QUEUED', 'RUNNING'] } } }),
            )
          }
          const model = await models.findOrCreate(tx, input.modelName)
          const job = await tx.trainingJob.create({
            data: {
              ...data,
              modelId: model.id,
              framework: input.framework ?? null,
              dataset: input.dataset ?? null,
              ...(input.hyperparameters == null ? {} : { hyperparameters: input.hyperparameters }),
              ...metadataColumns(input),
              createdAt: this.#now(data.simulated),
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
    )
    if (isNew && isFinal(job.status)) outbox.announce()
    if (isNew) bus.publish('trainingJob', { trainingJobId: job.id, newSteps: [] })
    return job
  }

  /** Runs a change in a transaction. Races for an external id are decided by the database. */
  async #write<T>(
    externalId: string | null | undefined,
    work: (tx: Prisma.TransactionClient) => Promise<T>,
  ): Promise<T> {
    try {
      return await this.#options.prisma.$transaction(work, TRANSACTION)
    } catch (error) {
      const isTaken = externalId != null && uniqueViolation(error) === ONE_PER_EXTERNAL_ID
      const holder = isTaken && (await this.byExternalId(externalId))
      throw holder ? new TrainingJobExternalIdTakenError(holder) : error
    }
  }

  #now(isSimulated = false): Date {
    const { clock, recordingClock } = this.#options
    return new Date((isSimulated ? recordingClock : clock).now())
  }
}
