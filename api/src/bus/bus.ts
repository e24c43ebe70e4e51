import type { DeploymentEventKind, Model, TrainingJob } from '@gaugeline/prisma'
import type { Sample } from '../metrics/sample.ts'

/** What a recorder stored in one statement. */
interface RecordedSamples {
  /** Windows that ended by then were asked for. */
  throughMs: number
  /** Ascending by sequence in each deployment. */
  samples: readonly Sample[]
  /**
   * True when every active deployment has now been recorded through `throughMs`; sent each tick, also with nothing
   * active. A source that has no answer yet is not waited for: what it measured follows in a message that is not the
   * last of a tick.
   */
  last: boolean
}

/** A change of a deployment, as numbered and committed. */
export interface DeploymentEventRecord {
  /** Position in the event log: 1, 2, 3 … */
  sequence: number
  id: string
  kind: DeploymentEventKind
  at: Date
  by: string
  note: string | null
  deploymentId: string
  modelName: string
  versionNumber: number
}

/** How a source is doing: what is recorded, and who is active, stays as it is. */
export function isHealthEvent({ kind }: Pick<DeploymentEventRecord, 'kind'>): boolean {
  return kind === 'SOURCE_UP' || kind === 'SOURCE_DEGRADED' || kind === 'SOURCE_DOWN'
}

/** A point of a loss curve. */
export interface TrainingStepRecord {
  step: number
  loss: number
  accuracy: number | null
  at: Date
}

/** No deployment is left of a job that could be deleted. */
export type DeletedTrainingJob = TrainingJob & { model: Model; deployments: readonly [] }

export interface TrainingJobChange {
  trainingJobId: string
  newSteps: readonly TrainingStepRecord[]
  /** The job as it was when it was deleted; absent otherwise. */
  deleted?: DeletedTrainingJob
}

export interface BusMessages {
  recorded: RecordedSamples
  deploymentEvent: DeploymentEventRecord
  /** A deployment has another external id or other labels, which is no event of its lifecycle. */
  deploymentUpdated: { deploymentId: string }
  trainingJob: TrainingJobChange
  /** The store has lost published events: it was restored to an earlier state. What was made from it is stale. */
  setBack: null
  /** There may be something to deliver to a webhook. */
  webhookOutbox: null
}

export type Topic = keyof BusMessages

/**
 * Carries hints from the writer of the store to its subscribers. Delivery is not guaranteed: a receiver that sees a gap
 * reads the store. Handlers run in the order of publishing and must not throw.
 */
export interface Bus {
  publish<T extends Topic>(topic: T, message: BusMessages[T]): void
  /** Returns the function that unsubscribes. */
  subscribe<T extends Topic>(topic: T, handler: (message: BusMessages[T]) => void): () => void
}
