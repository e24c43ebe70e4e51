import { Prisma, type Reader, type TrainingJobStatus } from '@gaugeline/prisma'
import type { CreatedFilter } from '../base/created-filter.ts'
import { type Label, wantedLabels } from '../base/labels.ts'
import type { Keyset, ListSource } from '../lists/chunks.ts'
import { CHUNK_ROWS, startingWith } from '../lists/paging.ts'
import { containing, rowsWithLabels, whereCreated } from '../lists/conditions.ts'

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

const FROM = Prisma.sql`training_jobs t`

/** What a list of training jobs reads. */
export async function trainingJobSource(
  reader: Reader,
  filter: TrainingJobFilter | null | undefined,
  order?: TrainingJobOrder | null,
): Promise<ListSource> {
  const keyset = trainingJobKeyset(order)
  if (!filter) return { keyset, from: FROM }
  const { status, model, search, labels } = filter
  const created = whereCreated(filter)
  const found = labels?.length ? await rowsWithLabels(reader, FROM, wantedLabels(labels), CHUNK_ROWS) : null
  const one = status?.length === 1 ? status[0] : undefined
  const conditions = {
    labels: found?.labelled ? [found.labelled] : [],
    model: model ? [Prisma.sql`t.model_id = (select id from models where name = ${model})`] : [],
    oneStatus: one ? [Prisma.sql`t.status = ${one}::"TrainingJobStatus"`] : [],
    statuses: status && !one ? [Prisma.sql`t.status = any(${[...status]}::"TrainingJobStatus"[])`] : [],
    createdBy: created.by,
    createdAt: created.at,
    search: search
      ? [Prisma.sql`(${containing(Prisma.sql`t.name`, search)} or ${containing(MODEL_NAME, search)})`]
      : [],
  }
  const isByTime = (order?.field ?? 'CREATED_AT') === 'CREATED_AT'
  return {
    keyset,
    from: found?.from ?? FROM,
    ...startingWith(conditions, isByTime ? ['model', 'oneStatus'] : [], isByTime ? created.at : []),
  }
}

// A subquery for each row, and no join: a join might read all models for each chunk.
const MODEL_NAME = Prisma.sql`(select m.name from models m where m.id = t.model_id)`

/** Newest first by default. */
function trainingJobKeyset(order: TrainingJobOrder | null | undefined): Keyset {
  const field = order?.field ?? 'CREATED_AT'
  const direction = order?.direction === 'ASC' ? 'asc' : 'desc'
  const columns = {
    CREATED_AT: { sql: Prisma.sql`t.created_at`, type: 'date' },
    FINISHED_AT: { sql: Prisma.sql`t.finished_at`, type: 'nullable-date' },
    NAME: { sql: Prisma.sql`t.name`, type: 'string' },
  } as const
  return {
    name: `training-job-${field}-${direction}`,
    direction,
    columns: [columns[field], { sql: Prisma.sql`t.id`, type: 'uuid' }],
  }
}
