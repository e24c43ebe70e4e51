import { Prisma, type TrainingJob, type Transaction, type WebhookEventType } from '@gaugeline/prisma'
import type { Bus, DeploymentEventRecord } from '../bus/bus.ts'
import type { Clock } from '../base/clock.ts'
import { uuidV7 } from '../base/uuid.ts'
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

  /**
   * Whether any webhook is told of it.
   * @param insert stores the event, in the statement that finds its webhooks
   */
  addDeploymentEvent(tx: Transaction, event: DeploymentEventRecord, insert: Prisma.Sql): Promise<boolean> {
    const message = () => deploymentMessage(event, this.#cursors)
    return this.#add(tx, `DEPLOYMENT_${event.kind}`, event.modelName, message, Prisma.sql`with stored as (${insert})`)
  }

  /** For a job that has just finished; does nothing for one that was cancelled or is still running. */
  async addTrainingJob(tx: Prisma.TransactionClient, job: TrainingJob, at: Date): Promise<void> {
    const { status } = job
    if (status !== 'COMPLETED' && status !== 'FAILED') return
    const { name } = await tx.model.findUniqueOrThrow({ where: { id: job.modelId }, select: { name: true } })
    const message = () => trainingJobMessage({ ...job, status }, name, at)
    await this.#add(tx, `TRAINING_JOB_${status}`, name, message)
  }

  /** Wakes the delivery workers: there is something new. Call it after the commit. */
  announce(): void {
    this.#bus.publish('webhookOutbox', null)
  }

  async #add(
    tx: Transaction,
    event: WebhookEventType,
    modelName: string,
    makeMessage: () => WebhookMessage,
    before = Prisma.empty,
  ): Promise<boolean> {
    // Locked until the event is committed: a webhook that is deleted meanwhile must not make the event fail.
    const webhooks = await tx.$queryRaw<{ id: string }[]>`
      ${before} select id from webhooks where enabled and ${event}::"WebhookEventType" = any(events)
        and (models = '{}' or ${modelName} = any(models)) order by id for key share`
    if (webhooks.length === 0) return false
    const { id, type, body } = makeMessage()
    // Not the time of the event, which recording's clock gave: deliveries are due by the wall clock.
    const at = new Date(this.#clock.now())
    await tx.$executeRaw`
      insert into webhook_deliveries (id, webhook_id, message_id, type, body, next_attempt_at, created_at)
      select delivery_id, webhook_id, ${id}::text, ${type}::text, ${body}::text, ${at}::timestamptz, ${at}::timestamptz
      from unnest(${webhooks.map(() => uuidV7())}::uuid[], ${webhooks.map((webhook) => webhook.id)}::uuid[])
        delivery(delivery_id, webhook_id)`
    return true
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
