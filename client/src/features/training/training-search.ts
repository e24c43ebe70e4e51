import { flagOf, oneOf, textOf } from '../../search-params.ts'

/** The state of the training jobs page, as the URL holds it. */
export interface TrainingSearch {
  status?: TrainingStatus
  q?: string
  model?: string
  sort?: TrainingColumn
  dir?: 'desc'
  /** The dialog that starts a job is open. */
  start?: true
  /** The id of the job that is about to be deployed: the dialog that asks for the source is open. */
  deploy?: string
}

export const TRAINING_STATUSES = ['QUEUED', 'RUNNING', 'COMPLETED', 'FAILED', 'CANCELLED'] as const
export type TrainingStatus = (typeof TRAINING_STATUSES)[number]

export const TRAINING_COLUMNS = ['name', 'model', 'status', 'loss', 'accuracy', 'duration', 'finished'] as const
export type TrainingColumn = (typeof TRAINING_COLUMNS)[number]

export function readTrainingSearch(search: Record<string, unknown>): TrainingSearch {
  const sort = oneOf(TRAINING_COLUMNS, search['sort'])
  return {
    status: oneOf(TRAINING_STATUSES, search['status']),
    q: textOf(search['q']),
    model: textOf(search['model']),
    sort,
    dir: sort && oneOf(['desc'], search['dir']),
    start: flagOf(search['start']),
    deploy: textOf(search['deploy']),
  }
}

/** The state of a training job's page, as the URL holds it. */
export interface TrainingJobSearch {
  /** Loss on a logarithmic scale. */
  log?: true
  /** The dialog that asks for the source of a deployment is open. */
  deploy?: true
}

export function readTrainingJobSearch(search: Record<string, unknown>): TrainingJobSearch {
  return { log: flagOf(search['log']), deploy: flagOf(search['deploy']) }
}
