/** The state of the training jobs page, as the URL holds it. */
export interface TrainingSearch {
  status?: TrainingStatus
  q?: string
  model?: string
  sort?: TrainingColumn
  dir?: 'desc'
  /** The dialog that starts a job is open. */
  start?: true
}

export const TRAINING_STATUSES = ['QUEUED', 'RUNNING', 'COMPLETED', 'FAILED', 'CANCELLED'] as const
export type TrainingStatus = (typeof TRAINING_STATUSES)[number]

export const TRAINING_COLUMNS = ['name', 'model', 'status', 'loss', 'accuracy', 'duration', 'finished'] as const
export type TrainingColumn = (typeof TRAINING_COLUMNS)[number]

export function readTrainingSearch(search: Record<string, unknown>): TrainingSearch {
  const status = TRAINING_STATUSES.find((one) => one === search['status'])
  const sort = TRAINING_COLUMNS.find((one) => one === search['sort'])
  const { q, model } = search
  return {
    ...(status ? { status } : {}),
    ...(typeof q === 'string' && q ? { q } : typeof q === 'number' ? { q: String(q) } : {}),
    ...(typeof model === 'string' && model ? { model } : {}),
    ...(sort ? { sort } : {}),
    ...(sort && search['dir'] === 'desc' ? { dir: 'desc' } : {}),
    ...(search['start'] === true ? { start: true } : {}),
  }
}
