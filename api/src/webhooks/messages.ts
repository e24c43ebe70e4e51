import type { TrainingJob, WebhookEventType } from '@gaugeline/prisma'
import { encodeId } from '../base/global-ids.ts'
import type { DeploymentEventRecord } from '../bus/bus.ts'
import type { Cursors } from '../live/cursors.ts'
import { versionOf } from '../models/models.ts'

/** `type` in the body. */
const TYPE_IN_BODY: Record<WebhookEventType, string> = {
  DEPLOYMENT_DEPLOYED: 'deployment.deployed',
  DEPLOYMENT_PAUSED: 'deployment.paused',
  DEPLOYMENT_RESUMED: 'deployment.resumed',
  DEPLOYMENT_DELETED: 'deployment.deleted',
  DEPLOYMENT_SOURCE_CHANGED: 'deployment.source_changed',
  DEPLOYMENT_SOURCE_UP: 'deployment.source_up',
  DEPLOYMENT_SOURCE_DEGRADED: 'deployment.source_degraded',
  DEPLOYMENT_SOURCE_DOWN: 'deployment.source_down',
  TRAINING_JOB_COMPLETED: 'training_job.completed',
  TRAINING_JOB_FAILED: 'training_job.failed',
}
const TEST_TYPE = 'webhook.test'

/** The payload, the same for every webhook that is subscribed to its event. */
export interface WebhookMessage {
  id: string
  type: string
  body: string
}

export function deploymentMessage(event: DeploymentEventRecord, cursors: Cursors): WebhookMessage {
  return message(`msg_${event.id}`, TYPE_IN_BODY[`DEPLOYMENT_${event.kind}`], event.at, {
    eventId: encodeId('DeploymentEvent', event.id),
    cursor: cursors.event(event),
    deploymentId: encodeId('Deployment', event.deploymentId),
    model: event.modelName,
    version: versionOf(event.versionNumber),
    by: event.by,
    note: event.note,
  })
}

/** A job finishes once, so its id identifies the message too. */
export function trainingJobMessage(
  job: TrainingJob & { status: 'COMPLETED' | 'FAILED' },
  modelName: string,
  at: Date,
): WebhookMessage {
  return message(`msg_${job.id}`, TYPE_IN_BODY[`TRAINING_JOB_${job.status}`], at, {
    trainingJobId: encodeId('TrainingJob', job.id),
    model: modelName,
    name: job.name,
    by: job.createdBy,
    finalLoss: job.finalLoss,
    finalAccuracy: job.finalAccuracy,
    failureReason: job.failureReason,
  })
}

export function testMessage(id: string, webhook: { id: string; name: string }, by: string, at: Date): WebhookMessage {
  return message(`msg_${id}`, TEST_TYPE, at, { webhookId: encodeId('Webhook', webhook.id), name: webhook.name, by })
}

function message(id: string, type: string, at: Date, data: Record<string, unknown>): WebhookMessage {
  return { id, type, body: JSON.stringify({ type, timestamp: at.toISOString(), data }) }
}
