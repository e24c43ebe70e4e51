import type { Prisma, TrainingJob, WebhookEventType } from '@gaugeline/prisma'
import type { Bus, DeploymentEventRecord } from '../bus/bus.ts'
import type { Clock } from '../base/clock.ts'
import type { Cursors } from '../live/cursors.ts'
import { deploymentMessage, trainingJobMessage, type WebhookMessage } from './messages.ts'

/**
 * A transactional outbox: adds deliveries to the webhooks subscribed to an event in the transaction of that event, so
 * that neither exists without the other.
 */
export class WebhookOutbox {
  readonly #cursors: Cursors
  readonly #bus: Bus
  readonly #clock: Clock

  constructor(cursors: Cursors, bus: Bus, clock: Clock) {
    this.#cursors = cursors
    this.#bus = bus
    this.#clock = clock
  }

  async addDeploymentEvent(tx: Prisma.TransactionClient, event: DeploymentEventRecord): Promise<void> {
    const message = () => deploymentMessage(event, this.#cursors)
    await this.#add(tx, `DEPLOYMENT_${event.kind}`, event.modelName, message)
  }

  /** For a job that has just finished; does nothing for one that was cancelled or is still running. */
  async addTrainingJob(tx: Prisma.TransactionClient, job: TrainingJob, at: Date): Promise<void> {
    const { status } = job
    if (status !== 'COMPLETED' && status !== 'FAILED') return
    const { name } = await tx.model.findUniqueOrThrow({ where: { id: job.modelId }, select: { name: true } })
    const message = () => trainingJobMessage({ ...job, status }, name, at)
    await this.#add(tx, `TRAINING_JOB_${status}`, name, message)
  }

  /** Wakes the delivery workers: there may be something new. Call it after the commit. */
  announce(): void {
    this.#bus.publish('webhookOutbox', null)
  }

  async #add(
    tx: Prisma.TransactionClient,
    event: WebhookEventType,
    modelName: string,
    makeMessage: () => WebhookMessage,
  ): Promise<void> {
    // Locked until the event is committed: a webhook that is deleted meanwhile must not make the event fail.
    const webhooks = await tx.$queryRaw<{ id: string }[]>`
      select id from webhooks where enabled and ${event}::"WebhookEventType" = any(events)
        and (models = '{}' or ${modelName} = any(models)) order by id for key share`
    if (webhooks.length === 0) return
    const message = makeMessage()
    // Not the time of the event, which recording's clock gave: deliveries are due by the wall clock.
    const at = new Date(this.#clock.now())
    await tx.webhookDelivery.createMany({ data: webhooks.map(({ id }) => newDelivery(id, message, at)) })
  }
}

/** A delivery that is due at once. */
export function newDelivery(
  webhookId: string,
  { id, type, body }: WebhookMessage,
  at: Date,
): Prisma.WebhookDeliveryUncheckedCreateInput {
  return { webhookId, messageId: id, type, body, nextAttemptAt: at, createdAt: at }
}
