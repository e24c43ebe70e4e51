import {
  type Deployment,
  type DeploymentStatus,
  type MetricsSource,
  type Model,
  Prisma,
  type Reader,
  type TrainingJob,
} from '@gaugeline/prisma'
import { type CreatedFilter, matchesCreated } from '../base/created-filter.ts'
import type { Keyset, ListSource } from '../lists/chunks.ts'
import { CHUNK_ROWS, startingWith } from '../lists/paging.ts'
import { containing, rowsWithLabels, whereCreated } from '../lists/conditions.ts'
import { foldCase } from '../base/text-search.ts'

export interface DeploymentFilter extends CreatedFilter {
  status?: readonly DeploymentStatus[] | null | undefined
  /** A model's name. */
  model?: string | null | undefined
  /** Part of the model's or the training job's name, case-insensitive. */
  search?: string | null | undefined
  /** Labels as they are stored (base/labels.ts); a deployment has all of them. */
  labels?: readonly string[] | null | undefined
  /** Deployment ids (uuids). */
  ids?: readonly string[] | null | undefined
  /** Deployments of this training job (uuid). */
  trainingJobId?: string | undefined
  /** Kinds of sources. */
  source?: readonly MetricsSource[] | null | undefined
}

type DeploymentOrderField = 'CREATED_AT' | 'STATUS_CHANGED_AT' | 'MODEL' | 'VERSION'

export interface DeploymentOrder {
  field: DeploymentOrderField
  direction: 'ASC' | 'DESC'
}

/** A deployment with the relations that filters read. */
export type DeploymentWithNames = Deployment & { model: Model; trainingJob: TrainingJob }

const FROM = Prisma.sql`deployments t`
// Subqueries for each row, and no joins: a join might read whole tables for each chunk.
const MODEL_NAME = Prisma.sql`(select m.name from models m where m.id = t.model_id)`
const JOB_NAME = Prisma.sql`(select j.name from training_jobs j where j.id = t.training_job_id)`

/** What a list of deployments reads; `matcherOf` does the same for rows in memory. */
export async function deploymentSource(
  reader: Reader,
  filter: DeploymentFilter | null | undefined,
  order?: DeploymentOrder | null,
): Promise<ListSource> {
  const { status, model, search, labels, ids, trainingJobId, source } = filter ?? {}
  const created = whereCreated(filter ?? {})
  const found = labels?.length ? await rowsWithLabels(reader, FROM, labels, CHUNK_ROWS) : null
  const one = status?.length === 1 ? status[0] : undefined
  const conditions = {
    labels: found?.labelled ? [found.labelled] : [],
    trainingJob: trainingJobId ? [Prisma.sql`t.training_job_id = ${trainingJobId}::uuid`] : [],
    model: model ? [Prisma.sql`t.model_id = (select id from models where name = ${model})`] : [],
    oneStatus: one ? [Prisma.sql`t.status = ${one}::"DeploymentStatus"`] : [],
    statuses: status && !one ? [Prisma.sql`t.status = any(${[...status]}::"DeploymentStatus"[])`] : [],
    sources: source ? [Prisma.sql`t.source = any(${[...source]}::"MetricsSource"[])`] : [],
    createdBy: created.by,
    createdAt: created.at,
    search: search ? [Prisma.sql`(${containing(MODEL_NAME, search)} or ${containing(JOB_NAME, search)})`] : [],
    // Where few have the labels, those are a table of their own.
    ids: ids && found?.from ? [whereIds(ids)] : [],
  }
  const few = found?.from ?? (ids && Prisma.sql`(select * from ${FROM} where ${whereIds(ids)} offset 0) t`)
  const field = order?.field ?? 'CREATED_AT'
  const starts = { CREATED_AT: ['trainingJob', 'model', 'oneStatus'], VERSION: ['model'], MODEL: ['model'] } as const
  return {
    keyset: deploymentKeyset(order, few ? MODEL_NAME : Prisma.sql`m.name`),
    from: few ?? (field === 'MODEL' ? Prisma.sql`models m join ${FROM} on t.model_id = m.id` : FROM),
    ...startingWith(
      conditions,
      field === 'STATUS_CHANGED_AT' ? [] : starts[field],
      field === 'CREATED_AT' ? created.at : [],
    ),
  }
}

function whereIds(ids: readonly string[]): Prisma.Sql {
  return Prisma.sql`t.id = any(${[...ids]}::uuid[])`
}

/** Prepared once for any number of deployments: the lists in a filter may be long. */
export function matcherOf(filter: DeploymentFilter): (deployment: DeploymentWithNames) => boolean {
  const { status, model, search, labels, trainingJobId, source } = filter
  const ids = filter.ids && new Set(filter.ids)
  const wanted = search ? foldCase(search) : null
  return (deployment) => {
    if (trainingJobId && deployment.trainingJobId !== trainingJobId) return false
    if (status && !status.includes(deployment.status)) return false
    if (source && !source.includes(deployment.source)) return false
    if (!matchesCreated(deployment, filter)) return false
    if (ids && !ids.has(deployment.id)) return false
    if (labels && !labels.every((label) => deployment.labels.includes(label))) return false
    if (model && deployment.model.name !== model) return false
    if (wanted === null) return true
    return foldedNames(deployment).some((name) => name.includes(wanted))
  }
}

const namesOf = new WeakMap<DeploymentWithNames, readonly string[]>()

/** What a search looks at. Rows in memory are compared with many filters, and never change. */
function foldedNames(deployment: DeploymentWithNames): readonly string[] {
  let names = namesOf.get(deployment)
  if (names === undefined) {
    names = [foldCase(deployment.model.name), foldCase(deployment.trainingJob.name)]
    namesOf.set(deployment, names)
  }
  return names
}

/** Equal for equivalent filters. */
export function filterKey(filter: DeploymentFilter): string {
  const { status, model, search, labels, ids, trainingJobId, source, createdBy, createdAfter, createdBefore } = filter
  return JSON.stringify([
    status ? [...new Set(status)].toSorted() : null,
    model || null,
    foldCase(search ?? '') || null,
    labels ? [...new Set(labels)].toSorted() : [],
    ids ? [...new Set(ids)].toSorted() : null,
    trainingJobId ?? null,
    createdBy || null,
    createdAfter ?? null,
    createdBefore ?? null,
    source ? [...new Set(source)].toSorted() : null,
  ])
}

/** Newest first by default. */
function deploymentKeyset(order: DeploymentOrder | null | undefined, modelName: Prisma.Sql): Keyset {
  const field = order?.field ?? 'CREATED_AT'
  const direction = order?.direction === 'ASC' ? 'asc' : 'desc'
  const id = { sql: Prisma.sql`t.id`, type: 'uuid' } as const
  const version = { sql: Prisma.sql`t.version_number`, type: 'number' } as const
  const columns = {
    CREATED_AT: [{ sql: Prisma.sql`t.created_at`, type: 'date' }, id],
    STATUS_CHANGED_AT: [{ sql: Prisma.sql`t.status_changed_at`, type: 'date' }, id],
    MODEL: [{ sql: modelName, type: 'string' }, version],
    VERSION: [version, id],
  } as const
  return { name: `deployment-${field}-${direction}`, direction, columns: columns[field] }
}
