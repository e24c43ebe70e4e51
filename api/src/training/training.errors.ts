import type { Deployment, TrainingJob, TrainingJobStatus } from '@gaugeline/prisma'
import { DomainError } from '../base/errors.ts'

export class TrainingJobNotFoundError extends DomainError {
  override name = 'TrainingJobNotFoundError'
  constructor() {
    super('There is no training job with this id.')
  }
}

export class TrainingJobFinishedError extends DomainError {
  override name = 'TrainingJobFinishedError'
  constructor(readonly status: TrainingJobStatus) {
    super(`This training job is ${status.toLowerCase()}, which is final.`)
  }
}

export class TrainingJobSimulatedError extends DomainError {
  override name = 'TrainingJobSimulatedError'
  constructor() {
    super('The server runs this simulated training job. It can be cancelled, but not updated.')
  }
}

export class TrainingJobHasDeploymentsError extends DomainError {
  override name = 'TrainingJobHasDeploymentsError'
  constructor(
    /** At most 20, newest first. */
    readonly deployments: Deployment[],
  ) {
    super('This training job has deployments. Delete them first.')
  }
}

export class TrainingJobExternalIdTakenError extends DomainError {
  override name = 'TrainingJobExternalIdTakenError'
  constructor(readonly trainingJob: TrainingJob) {
    super('Another training job has this external id.')
  }
}
