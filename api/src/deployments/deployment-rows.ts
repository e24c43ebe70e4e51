import {
  type Deployment,
  type DeploymentStatus,
  type Model,
  Prisma,
  type TrainingJob,
  type Transaction,
} from '@gaugeline/prisma'
import { metadataColumns, type ObjectMetadata } from '../base/object-metadata.ts'
import { quotaLock } from '../base/quotas.ts'
import { uuidV7 } from '../base/uuid.ts'
import type { SourceSettings } from '../recording/sources/source-settings.ts'
import { firstWatermarks } from '../samples/merged-window.ts'
import { TAKE_SEQUENCE } from './event-records.ts'
import { DeploymentNotFoundError, DuplicateActiveDeploymentError } from './deployment.errors.ts'

/** A deployment with its model, as the change found or left them. */
export type DeploymentOfModel = Deployment & { model: Model }

const DEPLOYMENT_COLUMNS: Record<keyof Deployment, string> = {
  id: 'id',
  key: 'key',
  modelId: 'model_id',
  trainingJobId: 'training_job_id',
  versionNumber: 'version_number',
  status: 'status',
  note: 'note',
  createdAt: 'created_at',
  createdBy: 'created_by',
  statusChangedAt: 'status_changed_at',
  externalId: 'external_id',
  labels: 'labels',
  source: 'source',
  intervalMs: 'interval_ms',
  sourceSettings: 'source_settings',
  sourceSecret: 'source_secret',
}
const MODEL_COLUMNS: Record<keyof Model, string> = {
  id: 'id',
  key: 'key',
  name: 'name',
  description: 'description',
  deploymentCount: 'deployment_count',
  createdAt: 'created_at',
}

const fields = (columns: Record<string, string>, table: string, prefix = '') =>
  Prisma.raw(
    Object.entries(columns)
      .map(([field, column]) => `${table}.${column} as "${prefix}${field}"`)
      .join(', '),
  )
/** What to select of `deployments d`, so that a row is a Deployment. */
const FIELDS = fields(DEPLOYMENT_COLUMNS, 'd')
const MODEL = 'model.'
const MODEL_FIELDS = fields(MODEL_COLUMNS, 'm', MODEL)

type WithModelFields<Row> = Row & Record<`${typeof MODEL}${keyof Model}`, unknown>

/** A row with `MODEL_FIELDS`, with its model as an object. */
function withModel<Row extends object>(row: WithModelFields<Row>): Row & { model: Model } {
  const [own, model]: [Record<string, unknown>, Record<string, unknown>] = [{}, {}]
  for (const [field, value] of Object.entries(row)) {
    if (field.startsWith(MODEL)) model[field.slice(MODEL.length)] = value
    else own[field] = value
  }
  return { ...own, model } as Row & { model: Model }
}

export async function findDeployment(
  tx: Transaction,
  id: string,
  lock = Prisma.empty,
): Promise<DeploymentOfModel | undefined> {
  const [row] = await tx.$queryRaw<WithModelFields<Deployment>[]>`
    select ${FIELDS}, ${MODEL_FIELDS} from deployments d join models m on m.id = d.model_id
    where d.id = ${id}::uuid ${lock}`
  return row && withModel(row)
}

/**
 * Locks a deployment until the transaction ends.
 * @throws DeploymentNotFoundError
 */
export async function lockDeployment(tx: Transaction, id: string): Promise<DeploymentOfModel> {
  const deployment = await findDeployment(tx, id, Prisma.sql`for update of d`)
  if (deployment === undefined) throw new DeploymentNotFoundError()
  return deployment
}

export async function countActive(tx: Transaction): Promise<number> {
  const [{ count }] = await tx.$queryRaw<[{ count: number }]>`
    select count(*)::int as count from deployments where status = 'ACTIVE'`
  return count
}

/** @throws DuplicateActiveDeploymentError */
export async function refuseSecondActive(tx: Transaction, trainingJobId: string): Promise<void> {
  const [active] = await tx.$queryRaw<Deployment[]>`
    select ${FIELDS} from deployments d where d.training_job_id = ${trainingJobId}::uuid and d.status = 'ACTIVE'`
  if (active) throw new DuplicateActiveDeploymentError(active)
}

/** A training job that is to be deployed. */
export interface JobToDeploy {
  status: TrainingJob['status']
  /** Null unless the job is completed: then it is locked, its next version is taken, and so is the quota's lock. */
  model: Model | null
}

/**
 * Takes the next version of the job's model: 0, 1, 2 …; a number is reused only if the transaction rolls back. Until it
 * ends, no other deployment of the model is made or resumed, and none at all takes a place of the quota. Undefined when
 * there is no such job.
 */
export async function takeVersion(tx: Transaction, trainingJobId: string): Promise<JobToDeploy | undefined> {
  const [row] = await tx.$queryRaw<WithModelFields<Pick<TrainingJob, 'status'>>[]>`
    with job as (select model_id, status from training_jobs where id = ${trainingJobId}::uuid),
      model as (
        update models set deployment_count = deployment_count + 1 from job
        where models.id = job.model_id and job.status = 'COMPLETED' returning models.*
      ),
      quota as (select pg_advisory_xact_lock(hashtext(${quotaLock('ACTIVE_DEPLOYMENTS')})) from model)
    select job.status, ${MODEL_FIELDS}, (select count(*)::int from quota) as locks from job left join model m on true`
  if (row === undefined) return undefined
  const { status, model } = withModel(row)
  return { status, model: model.id === null ? null : model }
}

export interface NewDeploymentRow {
  trainingJobId: string
  /** As `takeVersion` gave it. */
  model: Model
  note: string | null
  createdBy: string
  at: Date
  metadata: ObjectMetadata
  source: SourceSettings
}

/**
 * Stores an active deployment, the head of its samples, its watermarks and, where its source is not simulated, the state
 * of that, and takes the number of its event, which is locked from then on: `EventRecords.append` must follow. Undefined,
 * and nothing is stored, when the job has an active deployment or all places of the quota are taken.
 */
export async function insertDeployment(
  tx: Transaction,
  { trainingJobId, model, note, createdBy, at, metadata, source }: NewDeploymentRow,
  maxActive: number,
): Promise<{ deployment: DeploymentOfModel; sequence: number } | undefined> {
  const { externalId = null, labels = [] } = metadataColumns(metadata)
  const { kind, intervalMs, scrape, secret } = source
  const marks = firstWatermarks(at)
  // What the statement sees is from after the locks that `takeVersion` waited for. Keys count up from 1: where fewer have
  // ever been made than may be active, none need be counted.
  const [row] = await tx.$queryRaw<(Deployment & { sequence: number })[]>`
    with created as (
        insert into deployments (id, model_id, training_job_id, version_number, status, note, created_at, created_by,
          status_changed_at, external_id, labels, source, interval_ms, source_settings, source_secret)
        select ${uuidV7()}::uuid, ${model.id}::uuid, ${trainingJobId}::uuid, ${model.deploymentCount - 1}::int, 'ACTIVE',
          ${note}::text, ${at}::timestamptz, ${createdBy}::text, ${at}::timestamptz, ${externalId}::text, ${labels}::text[],
          ${kind}::"MetricsSource", ${intervalMs}::int, ${scrape && JSON.stringify(scrape)}::jsonb, ${secret}::text
        where (
            (select max(key) from deployments) < ${maxActive}::int
            or (select count(*) from deployments where status = 'ACTIVE') < ${maxActive}::int
          )
          and not exists (select from deployments where training_job_id = ${trainingJobId}::uuid and status = 'ACTIVE')
        returning *
      ),
      head as (insert into sample_heads (deployment_key, recording_since) select key, created_at from created),
      state as (
        insert into source_states (deployment_key, since) select key, created_at from created where source <> 'SIMULATED'
      ),
      marks as (
        insert into resolution_heads (deployment_key, model_key, resolution_ms, merged_through)
        select key, ${model.key}::int, mark.resolution_ms, mark.merged_through from created cross join unnest(
          ${marks.map(({ resolutionMs }) => resolutionMs)}::int[],
          ${marks.map(({ mergedThrough }) => mergedThrough)}::timestamptz[]) mark(resolution_ms, merged_through)
      ),
      numbered as (${TAKE_SEQUENCE} from created where log_state.id = 1 returning last_sequence)
    select ${FIELDS}, last_sequence::float8 as sequence from created d cross join numbered`
  if (row === undefined) return undefined
  const { sequence, ...deployment } = row
  return { deployment: { ...deployment, model }, sequence }
}

export async function setStatus(tx: Transaction, id: string, status: DeploymentStatus, at: Date): Promise<Deployment> {
  const [changed] = await tx.$queryRaw<[Deployment]>`
    update deployments d set status = ${status}::"DeploymentStatus", status_changed_at = ${at}::timestamptz
    where d.id = ${id}::uuid returning ${FIELDS}`
  // The recorder updates this row too: whichever comes second sees the other's change.
  await tx.$executeRaw`update sample_heads set recording_since = ${status === 'ACTIVE' ? at : null}::timestamptz
    where deployment_key = ${changed.key}`
  return changed
}

export async function setMetadata(
  tx: Transaction,
  id: string,
  { externalId, labels }: Pick<Deployment, 'externalId' | 'labels'>,
): Promise<Deployment> {
  const [changed] = await tx.$queryRaw<[Deployment]>`
    update deployments d set external_id = ${externalId}::text, labels = ${labels}::text[] where d.id = ${id}::uuid
    returning ${FIELDS}`
  return changed
}
