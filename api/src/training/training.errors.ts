import type { Deployment, TrainingJobStatus } from '@gaugeline/prisma'
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
    super(`This training job is ${status.toLowerCase()}; that is final.`)
  }
}

export class TrainingJobSimulatedError extends DomainError {
  override name = 'TrainingJobSimulatedError'
  constructor() {
    super('This run is simulated: the server drives it. It can be cancelled, not updated.')
  }
}

export class TrainingJobHasDeploymentsError extends DomainError {
  override name = 'TrainingJobHasDeploymentsError'
  constructor(
    /** The first 20. */
    readonly deployments: Deployment[],
  ) {
    super('This training job has deployments. Delete them first.')
  }
}
