import type { Deployment, DeploymentStatus, Model, Prisma, TrainingJob } from '@gaugeline/prisma'
import { type CreatedFilter, matchesCreated, whereCreated } from '../base/created-filter.ts'
import type { Keyset } from '../base/paging.ts'
import { containing, foldCase } from '../base/text-search.ts'

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
}

type DeploymentOrderField = 'CREATED_AT' | 'STATUS_CHANGED_AT' | 'MODEL' | 'VERSION'

export interface DeploymentOrder {
  field: DeploymentOrderField
  direction: 'ASC' | 'DESC'
}

/** A deployment with the relations that filters read. */
export type DeploymentWithNames = Deployment & { model: Model; trainingJob: TrainingJob }

/** The filter for the database; `matcherOf` does the same for rows in memory. */
export function whereFilter(filter: DeploymentFilter | null | undefined): Prisma.DeploymentWhereInput {
  if (!filter) return {}
  const { status, model, search, labels, ids, trainingJobId } = filter
  return {
    ...(status ? { status: { in: [...status] } } : {}),
    ...(labels?.length ? { labels: { hasEvery: [...labels] } } : {}),
    ...(ids ? { id: { in: [...ids] } } : {}),
    ...(trainingJobId ? { trainingJobId } : {}),
    ...whereCreated(filter),
    AND: [
      model ? { model: { name: model } } : {},
      search ? { OR: [{ model: { name: containing(search) } }, { trainingJob: { name: containing(search) } }] } : {},
    ],
  }
}

/** Prepared once for any number of deployments: the lists in a filter may be long. */
export function matcherOf(filter: DeploymentFilter): (deployment: DeploymentWithNames) => boolean {
  const { status, model, search, labels, trainingJobId } = filter
  const ids = filter.ids && new Set(filter.ids)
  const wanted = search ? foldCase(search) : null
  return (deployment) => {
    if (trainingJobId && deployment.trainingJobId !== trainingJobId) return false
    if (status && !status.includes(deployment.status)) return false
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
  const { status, model, search, labels, ids, trainingJobId, createdBy, createdAfter, createdBefore } = filter
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
  ])
}

/** Newest first by default. */
export function deploymentKeyset(order: DeploymentOrder | null | undefined): Keyset<DeploymentWithNames> {
  const field = order?.field ?? 'CREATED_AT'
  const direction = order?.direction === 'ASC' ? 'asc' : 'desc'
  const id = { path: ['id'], direction, type: 'uuid', value: (row: Deployment) => row.id } as const
  const version = {
    path: ['versionNumber'],
    direction,
    type: 'number',
    value: (row: Deployment) => row.versionNumber,
  } as const
  const model = {
    path: ['model', 'name'],
    direction,
    type: 'string',
    value: (row: DeploymentWithNames) => row.model.name,
  } as const
  const columns = {
    CREATED_AT: [{ path: ['createdAt'], direction, type: 'date', value: (row: Deployment) => row.createdAt }, id],
    STATUS_CHANGED_AT: [
      { path: ['statusChangedAt'], direction, type: 'date', value: (row: Deployment) => row.statusChangedAt },
      id,
    ],
    MODEL: [model, version],
    VERSION: [version, id],
  } as const
  return { name: `deployment-${field}-${direction}`, columns: [...columns[field]] }
}
