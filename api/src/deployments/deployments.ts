import {
  type Deployment,
  type DeploymentEvent,
  type DeploymentStatus,
  isForeignKeyViolation,
  type Prisma,
  type PrismaClient,
  uniqueViolation,
} from '@gaugeline/prisma'
import type { Clock } from '../base/clock.ts'
import { type IdempotencyKey, checkIdempotencyKey, type Idempotency } from '../idempotency/idempotency.ts'
import { InputChecks } from '../base/input-checks.ts'
import type { Bus, DeploymentEventRecord } from '../bus/bus.ts'
import type { Models } from '../models/models.ts'
import { type Page, type PageRequest, pageOf } from '../base/paging.ts'
import { TRANSACTION } from '../base/transaction.ts'
import { TrainingJobNotFoundError } from '../training/training.errors.ts'
import {
  DeploymentActiveError,
  DeploymentNotFoundError,
  DuplicateActiveDeploymentError,
  TrainingJobNotCompletedError,
} from './deployment.errors.ts'
import {
  type DeploymentFilter,
  type DeploymentOrder,
  deploymentKeyset,
  type DeploymentWithNames,
  whereFilter,
} from './deployment-filter.ts'
import type { EventFilter, EventOrder } from './event-filter.ts'
import type { EventRecords } from './event-records.ts'

type DeploymentQuery = Pick<Prisma.DeploymentFindManyArgs, 'include' | 'select'>

const MAX_NOTE = 500
const ONE_ACTIVE_PER_JOB = 'deployments_one_active_per_training_job'

export interface DeploymentsOptions {
  prisma: PrismaClient
  models: Models
  events: EventRecords
  idempotency: Idempotency
  bus: Bus
  clock: Clock
}

/** Who makes a change, and why: recorded in its event. */
export interface Act {
  by: string
  note?: string | null | undefined
}

/** The result of a change; without an event when nothing changed. */
interface Change {
  deployment: Deployment
  event: DeploymentEventRecord | null
}

/** Owns the deployments, their lifecycle, their events and the recording state of their sample logs. */
export class Deployments {
  readonly #options: DeploymentsOptions

  constructor(options: DeploymentsOptions) {
    this.#options = options
  }

  byId(id: string, query: DeploymentQuery = {}): Promise<Deployment | null> {
    return this.#options.prisma.deployment.findUnique({ ...query, where: { id } })
  }

  list(
    filter: DeploymentFilter | null | undefined,
    order: DeploymentOrder | null | undefined,
    page: PageRequest,
    query: DeploymentQuery = {},
  ): Promise<Page<Deployment>> {
    const { deployment } = this.#options.prisma
    // Cursors ordered by model name contain the name.
    const model = order?.field === 'MODEL' ? { model: query.include?.model ?? true } : {}
    return pageOf(
      deploymentKeyset(order),
      page,
      ({ where, orderBy, take }) =>
        deployment.findMany({
          ...query,
          ...(query.select ? {} : { include: { ...query.include, ...model } }),
          where: { AND: [whereFilter(filter), where] },
          orderBy,
          take,
        }) as Promise<DeploymentWithNames[]>,
      () => deployment.count({ where: whereFilter(filter) }),
    )
  }

  async counts(
    filter: DeploymentFilter | null | undefined,
  ): Promise<{ active: number; paused: number; total: number }> {
    const groups = await this.#options.prisma.deployment.groupBy({
      by: ['status'],
      where: whereFilter(filter),
      _count: true,
    })
    const of = (status: DeploymentStatus) => groups.find((group) => group.status === status)?._count ?? 0
    return { active: of('ACTIVE'), paused: of('PAUSED'), total: of('ACTIVE') + of('PAUSED') }
  }

  /** Those of these training jobs that have an active deployment. */
  async deployedJobs(trainingJobIds: readonly string[]): Promise<Set<string>> {
    const active = await this.#options.prisma.deployment.findMany({
      where: { status: 'ACTIVE', trainingJobId: { in: [...trainingJobIds] } },
      select: { trainingJobId: true },
    })
    return new Set(active.map(({ trainingJobId }) => trainingJobId))
  }

  /** Events that meet all of the filters. */
  events(
    filters: readonly EventFilter[],
    order: EventOrder | null | undefined,
    page: PageRequest,
  ): Promise<Page<DeploymentEvent>> {
    return this.#options.events.list(filters, order, page)
  }

  /**
   * Deploys a completed training job: ACTIVE at once, under the next version of its model.
   * @throws TrainingJobNotFoundError, TrainingJobNotCompletedError, DuplicateActiveDeploymentError, InvalidInputError,
   *   IdempotencyConflictError
   */
  async deploy(trainingJobId: string, act: Act, idempotencyKey?: IdempotencyKey): Promise<Deployment> {
    checkAct(act, idempotencyKey)
    return this.#change(trainingJobId, (tx) =>
      this.#options.idempotency.once<Change>(tx, idempotencyKey, {
        operation: 'deployTrainingJob',
        input: { trainingJobId, note: act.note },
        run: () => this.#deploy(tx, trainingJobId, act),
        idOf: ({ deployment }) => deployment.id,
        replay: async (id) => {
          const deployment = await tx.deployment.findUnique({ where: { id } })
          return deployment && { deployment, event: null }
        },
      }),
    )
  }

  async #deploy(tx: Prisma.TransactionClient, trainingJobId: string, act: Act): Promise<Change> {
    const job = await tx.trainingJob.findUnique({ where: { id: trainingJobId } })
    if (!job) throw new TrainingJobNotFoundError()
    if (job.status !== 'COMPLETED') throw new TrainingJobNotCompletedError(job.status)
    await this.#options.models.lock(tx, job.modelId)
    await refuseSecondActive(tx, trainingJobId)
    const at = this.#now()
    const deployment = await tx.deployment.create({
      data: {
        modelId: job.modelId,
        trainingJobId,
        versionNumber: await this.#options.models.takeVersionNumber(tx, job.modelId),
        status: 'ACTIVE',
        note: act.note ?? null,
        createdAt: at,
        createdBy: act.by,
        statusChangedAt: at,
      },
      include: { model: true },
    })
    await tx.sampleHead.create({ data: { deploymentKey: deployment.key, recordingSince: at } })
    return { deployment, event: await this.#event(tx, 'DEPLOYED', deployment, at, act) }
  }

  /**
   * Stops recording samples and keeps everything. Pausing a paused deployment changes nothing.
   * @throws DeploymentNotFoundError
   */
  async pause(id: string, act: Act): Promise<Deployment> {
    checkAct(act)
    return this.#changeStatus(id, 'PAUSED', act)
  }

  /**
   * Continues under the same id, version and sequence. Resuming an active deployment changes nothing.
   * @throws DeploymentNotFoundError, DuplicateActiveDeploymentError
   */
  async resume(id: string, act: Act): Promise<Deployment> {
    checkAct(act)
    return this.#changeStatus(id, 'ACTIVE', act)
  }

  /**
   * Deletes a paused deployment. Its samples are removed later, its events stay.
   * @throws DeploymentNotFoundError, DeploymentActiveError
   */
  async delete(id: string, act: Act): Promise<Deployment> {
    return this.#change(null, async (tx) => {
      const deployment = await lockDeployment(tx, id)
      if (deployment.status === 'ACTIVE') throw new DeploymentActiveError(deployment)
      await tx.deployment.delete({ where: { id } })
      return { deployment, event: await this.#event(tx, 'DELETED', deployment, this.#now(), act) }
    })
  }

  async #changeStatus(id: string, status: DeploymentStatus, act: Act): Promise<Deployment> {
    const known = await this.byId(id)
    if (!known) throw new DeploymentNotFoundError()
    return this.#change(known.trainingJobId, async (tx) => {
      if (status === 'ACTIVE') await this.#options.models.lock(tx, known.modelId)
      const before = await lockDeployment(tx, id)
      if (before.status === status) return { deployment: before, event: null }
      if (status === 'ACTIVE') await refuseSecondActive(tx, before.trainingJobId)
      const at = this.#now()
      const deployment = await tx.deployment.update({
        where: { id },
        data: { status, statusChangedAt: at },
        include: { model: true },
      })
      // The recorder updates this row too: whichever comes second sees the other's change.
      await tx.sampleHead.update({
        where: { deploymentKey: deployment.key },
        data: { recordingSince: status === 'ACTIVE' ? at : null },
      })
      const kind = status === 'ACTIVE' ? 'RESUMED' : 'PAUSED'
      return { deployment, event: await this.#event(tx, kind, deployment, at, act) }
    })
  }

  /** Runs one change in a transaction, and publishes it once it is committed. */
  async #change(
    trainingJobId: string | null,
    work: (tx: Prisma.TransactionClient) => Promise<Change>,
  ): Promise<Deployment> {
    const { prisma, bus } = this.#options
    try {
      const { deployment, event } = await prisma.$transaction(work, TRANSACTION)
      if (event) bus.publish('deploymentEvent', event)
      return deployment
    } catch (error) {
      // The database decides races.
      if (trainingJobId !== null && uniqueViolation(error) === ONE_ACTIVE_PER_JOB) {
        await refuseSecondActive(prisma, trainingJobId)
      }
      if (isForeignKeyViolation(error)) throw new TrainingJobNotFoundError()
      throw error
    }
  }

  #event(
    tx: Prisma.TransactionClient,
    kind: DeploymentEvent['kind'],
    deployment: Deployment & { model: { name: string } },
    at: Date,
    act: Act,
  ): Promise<DeploymentEventRecord> {
    return this.#options.events.append(tx, {
      kind,
      at,
      by: act.by,
      note: act.note ?? null,
      deploymentId: deployment.id,
      modelName: deployment.model.name,
      versionNumber: deployment.versionNumber,
    })
  }

  #now(): Date {
    return new Date(this.#options.clock.now())
  }
}

function checkAct({ note }: Act, idempotencyKey?: IdempotencyKey): void {
  const checks = new InputChecks()
  checks.text(['note'], note, { max: MAX_NOTE })
  checkIdempotencyKey(checks, idempotencyKey)
  checks.done()
}

async function lockDeployment(tx: Prisma.TransactionClient, id: string) {
  await tx.$queryRaw`select 1 from deployments where id = ${id}::uuid for update`
  const deployment = await tx.deployment.findUnique({ where: { id }, include: { model: true } })
  if (!deployment) throw new DeploymentNotFoundError()
  return deployment
}

async function refuseSecondActive(prisma: Prisma.TransactionClient, trainingJobId: string): Promise<void> {
  const active = await prisma.deployment.findFirst({ where: { trainingJobId, status: 'ACTIVE' } })
  if (active) throw new DuplicateActiveDeploymentError(active)
}
