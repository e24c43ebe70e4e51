import {
  type Deployment,
  type DeploymentEvent,
  type DeploymentStatus,
  type InTransaction,
  isForeignKeyViolation,
  Prisma,
  type PrismaClient,
  type Reader,
  type Selection,
  type Transaction,
  uniqueViolation,
} from '@gaugeline/prisma'
import type { Clock } from '../base/clock.ts'
import type { Idempotency, IdempotencyKey } from '../idempotency/idempotency.ts'
import type { Bus } from '../bus/bus.ts'
import type { Models } from '../models/models.ts'
import type { Page, PageRequest } from '../base/page.ts'
import { countOf, countsOf, pageOf } from '../lists/paging.ts'
import { metadataColumns, type ObjectMetadata } from '../base/object-metadata.ts'
import { QuotaExceededError, type Quotas, takePlace } from '../base/quotas.ts'
import type { SourceSettings } from '../recording/sources/source-settings.ts'
import type { TargetHosts } from '../sources/scrape-url.ts'
import { TrainingJobNotFoundError } from '../training/training.errors.ts'
import {
  DeploymentActiveError,
  DeploymentExternalIdTakenError,
  DeploymentNotFoundError,
  TrainingJobNotCompletedError,
} from './deployment.errors.ts'
import {
  type Act,
  checkNewDeployment,
  checkNote,
  checkUpdate,
  deployKey,
  type NewDeployment,
} from './deployment-checks.ts'
import { type DeploymentFilter, type DeploymentOrder, deploymentSource } from './deployment-filter.ts'
import {
  countActive,
  type DeploymentOfModel,
  findDeployment,
  insertDeployment,
  lockDeployment,
  refuseSecondActive,
  setMetadata,
  setStatus,
  takeVersion,
} from './deployment-rows.ts'
import type { EventFilter, EventOrder } from './event-filter.ts'
import { type AppendedEvent, type EventRecords, lifecycleEvent } from './event-records.ts'

const ONE_ACTIVE_PER_JOB = 'deployments_one_active_per_training_job'
const ONE_PER_EXTERNAL_ID = 'deployments_external_id_key'

export interface DeploymentsOptions {
  prisma: PrismaClient
  reader: Reader
  inTransaction: InTransaction
  models: Models
  events: EventRecords
  idempotency: Idempotency
  bus: Bus
  clock: Clock
  quotas: Quotas
  /** Which hosts may be scraped. */
  hosts: TargetHosts
}

/** The result of a change; without an event when nothing changed. */
interface Change {
  deployment: DeploymentOfModel
  event: AppendedEvent | null
}

/** Owns the deployments, their lifecycle, their events and the recording state of their sample logs. */
export class Deployments {
  readonly #options: DeploymentsOptions

  constructor(options: DeploymentsOptions) {
    this.#options = options
  }

  byId(id: string, selection?: Selection): Promise<Deployment | null> {
    return this.#options.reader.find('Deployment', { id }, selection)
  }

  byExternalId(externalId: string, selection?: Selection): Promise<Deployment | null> {
    return this.#options.reader.find('Deployment', { externalId }, selection)
  }

  async list(
    filter: DeploymentFilter | null | undefined,
    order: DeploymentOrder | null | undefined,
    page: PageRequest,
    selection?: Selection,
  ): Promise<Page<Deployment>> {
    const { reader } = this.#options
    return pageOf(
      reader.rowsOf('Deployment', selection),
      await deploymentSource(reader, filter, order),
      page,
      async () => countOf(reader, await deploymentSource(reader, filter)),
    )
  }

  async counts(
    filter: DeploymentFilter | null | undefined,
  ): Promise<{ active: number; paused: number; total: number }> {
    const { reader } = this.#options
    const counts = await countsOf(reader, await deploymentSource(reader, filter), Prisma.sql`t.status`)
    const [active, paused] = [counts.get('ACTIVE') ?? 0, counts.get('PAUSED') ?? 0]
    return { active, paused, total: active + paused }
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
    selection?: Selection,
  ): Promise<Page<DeploymentEvent>> {
    return this.#options.events.list(filters, order, page, selection)
  }

  /**
   * Deploys a completed training job: ACTIVE at once, under the next version of its model.
   * @throws TrainingJobNotFoundError, TrainingJobNotCompletedError, DuplicateActiveDeploymentError, InvalidInputError,
   *   DeploymentExternalIdTakenError, IdempotencyConflictError, QuotaExceededError
   */
  async deploy(
    trainingJobId: string,
    given: NewDeployment,
    idempotencyKey?: IdempotencyKey,
  ): Promise<DeploymentOfModel> {
    const { externalId } = given
    const source = checkNewDeployment(given, idempotencyKey, this.#options.hosts)
    return this.#change({ trainingJobId, externalId }, (tx) =>
      this.#options.idempotency.once<Change>(tx, idempotencyKey, {
        operation: 'deployTrainingJob',
        input: deployKey(trainingJobId, given, source),
        run: () => this.#deploy(tx, trainingJobId, given, source),
        idOf: ({ deployment }) => deployment.id,
        replay: async (id) => {
          const deployment = await findDeployment(tx, id)
          return deployment === undefined ? null : { deployment, event: null }
        },
      }),
    )
  }

  async #deploy(tx: Transaction, trainingJobId: string, given: NewDeployment, source: SourceSettings): Promise<Change> {
    const { events, quotas } = this.#options
    const found = await takeVersion(tx, trainingJobId)
    if (found === undefined) throw new TrainingJobNotFoundError()
    const { status, model } = found
    if (model === null) throw new TrainingJobNotCompletedError(status)
    const at = this.#now()
    const row = { trainingJobId, model, note: given.note ?? null, createdBy: given.by, at, metadata: given, source }
    const inserted = await insertDeployment(tx, row, quotas.activeDeployments)
    if (inserted === undefined) {
      await refuseSecondActive(tx, trainingJobId)
      throw new QuotaExceededError('ACTIVE_DEPLOYMENTS', quotas.activeDeployments)
    }
    const { deployment, sequence } = inserted
    return { deployment, event: await events.append(tx, lifecycleEvent('DEPLOYED', deployment, at, given), sequence) }
  }

  /**
   * Changes the external id or the labels of a deployment.
   * @throws DeploymentNotFoundError, DeploymentExternalIdTakenError, InvalidInputError
   */
  async update(id: string, metadata: ObjectMetadata): Promise<DeploymentOfModel> {
    checkUpdate(metadata)
    const deployment = await this.#change(metadata, async (tx) => {
      const before = await lockDeployment(tx, id)
      const after = await setMetadata(tx, id, { ...before, ...metadataColumns(metadata) })
      return { deployment: { ...before, ...after }, event: null }
    })
    this.#options.bus.publish('deploymentUpdated', { deploymentId: id })
    return deployment
  }

  /**
   * Stops recording samples and keeps everything. Pausing a paused deployment changes nothing.
   * @throws DeploymentNotFoundError
   */
  async pause(id: string, act: Act): Promise<DeploymentOfModel> {
    checkNote(act)
    return this.#changeStatus(id, 'PAUSED', act)
  }

  /**
   * Continues under the same id, version and sequence. Resuming an active deployment changes nothing.
   * @throws DeploymentNotFoundError, DuplicateActiveDeploymentError, QuotaExceededError
   */
  async resume(id: string, act: Act): Promise<DeploymentOfModel> {
    checkNote(act)
    return this.#changeStatus(id, 'ACTIVE', act)
  }

  /**
   * Deletes a paused deployment. Its samples are removed later, its events stay.
   * @throws DeploymentNotFoundError, DeploymentActiveError
   */
  async delete(id: string, act: Act): Promise<Deployment> {
    return this.#change({}, async (tx) => {
      const deployment = await lockDeployment(tx, id)
      if (deployment.status === 'ACTIVE') throw new DeploymentActiveError(deployment)
      await tx.$executeRaw`delete from deployments where id = ${id}::uuid`
      return {
        deployment,
        event: await this.#options.events.append(tx, lifecycleEvent('DELETED', deployment, this.#now(), act)),
      }
    })
  }

  async #changeStatus(id: string, status: DeploymentStatus, act: Act): Promise<DeploymentOfModel> {
    const known = await this.byId(id)
    if (!known) throw new DeploymentNotFoundError()
    return this.#change(known, async (tx) => {
      if (status === 'ACTIVE') await this.#options.models.lock(tx, known.modelId)
      const before = await lockDeployment(tx, id)
      if (before.status === status) return { deployment: before, event: null }
      if (status === 'ACTIVE') {
        await refuseSecondActive(tx, before.trainingJobId)
        await this.#takeActivePlace(tx)
      }
      const at = this.#now()
      const deployment = { ...before, ...(await setStatus(tx, id, status, at)) }
      const kind = status === 'ACTIVE' ? 'RESUMED' : 'PAUSED'
      return { deployment, event: await this.#options.events.append(tx, lifecycleEvent(kind, deployment, at, act)) }
    })
  }

  /**
   * Runs one change in a transaction, and publishes it once it is committed.
   * @param wanted what at most one deployment can have: the database decides races for it
   */
  async #change(
    wanted: { trainingJobId?: string; externalId?: string | null | undefined },
    work: (tx: Transaction) => Promise<Change>,
  ): Promise<DeploymentOfModel> {
    const { prisma, inTransaction, events } = this.#options
    try {
      const { deployment, event } = await inTransaction(work)
      if (event) events.tell(event)
      return deployment
    } catch (error) {
      const violated = uniqueViolation(error)
      if (violated === ONE_ACTIVE_PER_JOB && wanted.trainingJobId !== undefined) {
        await refuseSecondActive(prisma, wanted.trainingJobId)
      }
      if (violated === ONE_PER_EXTERNAL_ID && wanted.externalId != null) {
        const holder = await this.byExternalId(wanted.externalId)
        if (holder) throw new DeploymentExternalIdTakenError(holder)
      }
      if (isForeignKeyViolation(error)) throw new TrainingJobNotFoundError()
      throw error
    }
  }

  /** Whoever holds a place waits only for what pausing and recording hold for a moment. */
  #takeActivePlace(tx: Transaction): Promise<void> {
    return takePlace(tx, 'ACTIVE_DEPLOYMENTS', this.#options.quotas.activeDeployments, () => countActive(tx))
  }

  #now(): Date {
    return new Date(this.#options.clock.now())
  }
}
