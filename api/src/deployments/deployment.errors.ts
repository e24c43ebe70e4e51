import type { Deployment, TrainingJobStatus } from '@gaugeline/prisma'
import { DomainError } from '../base/errors.ts'
import { versionOf } from '../models/models.ts'

export class DeploymentNotFoundError extends DomainError {
  override name = 'DeploymentNotFoundError'
  constructor() {
    super('There is no deployment with this id.')
  }
}

export class TrainingJobNotCompletedError extends DomainError {
  override name = 'TrainingJobNotCompletedError'
  constructor(readonly status: TrainingJobStatus) {
    super(`Only a completed training job can be deployed; this one is ${status.toLowerCase()}.`)
  }
}

export class DuplicateActiveDeploymentError extends DomainError {
  override name = 'DuplicateActiveDeploymentError'
  constructor(readonly activeDeployment: Deployment) {
    super(`This training job is already active as ${versionOf(activeDeployment.versionNumber)}.`)
  }
}

export class DeploymentActiveError extends DomainError {
  override name = 'DeploymentActiveError'
  constructor(readonly deployment: Deployment) {
    super('An active deployment cannot be deleted. Pause it first.')
  }
}

export class DeploymentExternalIdTakenError extends DomainError {
  override name = 'DeploymentExternalIdTakenError'
  constructor(readonly deployment: Deployment) {
    super('Another deployment has this external id.')
  }
}

export class SourceNotReportedError extends DomainError {
  override name = 'SourceNotReportedError'
  constructor() {
    super('The source of this deployment is not REPORTED. Change it with updateDeploymentSource.')
  }
}

export class DeploymentPausedError extends DomainError {
  override name = 'DeploymentPausedError'
  constructor() {
    super('This deployment is paused, and records nothing. Resume it first.')
  }
}
