import type { Prisma, TrainingJob, TrainingJobStatus } from '@gaugeline/prisma'
import { type CreatedFilter, whereCreated } from '../base/created-filter.ts'
import { type Label, wantedLabels } from '../base/labels.ts'
import type { Keyset } from '../base/paging.ts'
import { containing } from '../base/text-search.ts'

export interface TrainingJobFilter extends CreatedFilter {
  status?: readonly TrainingJobStatus[] | null | undefined
  /** A model's name. */
  model?: string | null | undefined
  /** Part of the job's or its model's name, case-insensitive. */
  search?: string | null | undefined
  /** The job has all of them. */
  labels?: readonly Label[] | null | undefined
}

export interface TrainingJobOrder {
  field: 'CREATED_AT' | 'FINISHED_AT' | 'NAME'
  direction: 'ASC' | 'DESC'
}

export function whereFilter(filter: TrainingJobFilter | null | undefined): Prisma.TrainingJobWhereInput {
  if (!filter) return {}
  const { status, model, search, labels } = filter
  return {
    ...(status ? { status: { in: [...status] } } : {}),
    ...whereCreated(filter),
    ...(labels?.length ? { labels: { hasEvery: wantedLabels(labels) } } : {}),
    AND: [
      model ? { model: { name: model } } : {},
      search ? { OR: [{ name: containing(search) }, { model: { name: containing(search) } }] } : {},
    ],
  }
}

/** Newest first by default. */
export function trainingJobKeyset(order: TrainingJobOrder | null | undefined): Keyset<TrainingJob> {
  const field = order?.field ?? 'CREATED_AT'
  const direction = order?.direction === 'ASC' ? 'asc' : 'desc'
  const columns = {
    CREATED_AT: { path: ['createdAt'], direction, type: 'date', value: (job: TrainingJob) => job.createdAt },
    FINISHED_AT: {
      path: ['finishedAt'],
      direction,
      type: 'nullable-date',
      value: (job: TrainingJob) => job.finishedAt,
    },
    NAME: { path: ['name'], direction, type: 'string', value: (job: TrainingJob) => job.name },
  } as const
  return {
    name: `training-job-${field}-${direction}`,
    columns: [columns[field], { path: ['id'], direction, type: 'uuid', value: (job) => job.id }],
  }
}
