import {
  type Deployment,
  type DeploymentEvent,
  type DeploymentStatus,
  isForeignKeyViolation,
  Prisma,
  type PrismaClient,
  type Reader,
  type Selection,
  uniqueViolation,
} from '@gaugeline/prisma'
import type { Clock } from '../base/clock.ts'
import type { Idempotency, IdempotencyKey } from '../idempotency/idempotency.ts'
import type { Bus, DeploymentEventRecord } from '../bus/bus.ts'
import type { Models } from '../models/models.ts'
import type { Page, PageRequest } from '../base/page.ts'
import { countOf, countsOf, pageOf } from '../lists/paging.ts'
import { metadataColumns, type ObjectMetadata } from '../base/object-metadata.ts'
import { type Quotas, takePlace } from '../base/quotas.ts'
import { TRANSACTION } from '../base/transaction.ts'
import type { SourceSettings } from '../recording/sources/source-settings.ts'
import { firstWatermarks } from '../samples/merged-window.ts'
import type { TargetHosts } from '../sources/scrape-url.ts'
import { sourceColumns } from '../sources/stored-source.ts'
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
  lockDeployment,
  type NewDeployment,
  refuseSecondActive,
} from './deployment-checks.ts'
import { type DeploymentFilter, type DeploymentOrder, deploymentSource } from './deployment-filter.ts'
import { createSourceState } from './deployment-sources.ts'
import type { EventFilter, EventOrder } from './event-filter.ts'
import { type EventRecords, lifecycleEvent } from './event-records.ts'

const ONE_ACTIVE_PER_JOB = 'deployments_one_active_per_training_job'
const ONE_PER_EXTERNAL_ID = 'deployments_external_id_key'

export interface DeploymentsOptions {
  prisma: PrismaClient
  reader: Reader
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
  deployment: Deployment
  event: DeploymentEventRecord | null
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
  async deploy(trainingJobId: string, given: NewDeployment, idempotencyKey?: IdempotencyKey): Promise<Deployment> {
    const { externalId } = given
    const source = checkNewDeployment(given, idempotencyKey, this.#options.hosts)
    return this.#change({ trainingJobId, externalId }, (tx) =>
      this.#options.idempotency.once<Change>(tx, idempotencyKey, {
        operation: 'deployTrainingJob',
        input: deployKey(trainingJobId, given, source),
        run: () => this.#deploy(tx, trainingJobId, given, source),
        idOf: ({ deployment }) => deployment.id,
        replay: async (id) => {
          const deployment = await tx.deployment.findUnique({ where: { id } })
          return deployment && { deployment, event: null }
        },
      }),
    )
  }

  async #deploy(
    tx: Prisma.TransactionClient,
    trainingJobId: string,
    given: NewDeployment,
    source: SourceSettings,
  ): Promise<Change> {
    const job = await tx.trainingJob.findUnique({ where: { id: trainingJobId } })
    if (!job) throw new TrainingJobNotFoundError()
    if (job.status !== 'COMPLETED') throw new TrainingJobNotCompletedError(job.status)
    await this.#options.models.lock(tx, job.modelId)
    await refuseSecondActive(tx, trainingJobId)
    await this.#takeActivePlace(tx)
    const at = this.#now()
    const deployment = await tx.deployment.create({
      data: {
        modelId: job.modelId,
        trainingJobId,
        versionNumber: await this.#options.models.takeVersionNumber(tx, job.modelId),
        status: 'ACTIVE',
        note: given.note ?? null,
        createdAt: at,
        createdBy: given.by,
        statusChangedAt: at,
        ...metadataColumns(given),
        ...sourceColumns(source),
      },
      include: { model: true },
    })
    await createSourceState(tx, deployment.key, source, at)
    await tx.sampleHead.create({ data: { deploymentKey: deployment.key, recordingSince: at } })
    await tx.resolutionHead.createMany({ data: firstWatermarks(deployment.key, deployment.model.key, at) })
    return {
      deployment,
      event: await this.#options.events.append(tx, lifecycleEvent('DEPLOYED', deployment, at, given)),
    }
  }

  /**
   * Changes the external id or the labels of a deployment.
   * @throws DeploymentNotFoundError, DeploymentExternalIdTakenError, InvalidInputError
   */
  async update(id: string, metadata: ObjectMetadata): Promise<Deployment> {
    checkUpdate(metadata)
    const deployment = await this.#change(metadata, async (tx) => {
      await lockDeployment(tx, id)
      return { deployment: await tx.deployment.update({ where: { id }, data: metadataColumns(metadata) }), event: null }
    })
    this.#options.bus.publish('deploymentUpdated', { deploymentId: id })
    return deployment
  }

  /**
   * Stops recording samples and keeps everything. Pausing a paused deployment changes nothing.
   * @throws DeploymentNotFoundError
   */
  async pause(id: string, act: Act): Promise<Deployment> {
    checkNote(act)
    return this.#changeStatus(id, 'PAUSED', act)
  }

  /**
   * Continues under the same id, version and sequence. Resuming an active deployment changes nothing.
   * @throws DeploymentNotFoundError, DuplicateActiveDeploymentError, QuotaExceededError
   */
  async resume(id: string, act: Act): Promise<Deployment> {
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
      await tx.deployment.delete({ where: { id } })
      return {
        deployment,
        event: await this.#options.events.append(tx, lifecycleEvent('DELETED', deployment, this.#now(), act)),
      }
    })
  }

  async #changeStatus(id: string, status: DeploymentStatus, act: Act): Promise<Deployment> {
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
      return { deployment, event: await this.#options.events.append(tx, lifecycleEvent(kind, deployment, at, act)) }
    })
  }

  /**
   * Runs one change in a transaction, and publishes it once it is committed.
   * @param wanted what at most one deployment can have: the database decides races for it
   */
  async #change(
    wanted: { trainingJobId?: string; externalId?: string | null | undefined },
    work: (tx: Prisma.TransactionClient) => Promise<Change>,
  ): Promise<Deployment> {
    const { prisma, bus } = this.#options
    try {
      const { deployment, event } = await prisma.$transaction(work, TRANSACTION)
      if (event) bus.publish('deploymentEvent', event)
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
  #takeActivePlace(tx: Prisma.TransactionClient): Promise<void> {
    return takePlace(tx, 'ACTIVE_DEPLOYMENTS', this.#options.quotas.activeDeployments, () =>
      tx.deployment.count({ where: { status: 'ACTIVE' } }),
    )
  }

  #now(): Date {
    return new Date(this.#options.clock.now())
  }
}
