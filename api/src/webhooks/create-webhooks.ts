import { AddressGuard } from '../outbound/address-guard.ts'
import { allowedHosts } from '../outbound/public-addresses.ts'
import { DeliveryQueue } from './delivery-queue.ts'
import { DeliveryWorker, type DeliveryWorkerOptions } from './delivery-worker.ts'
import { Webhooks, type WebhooksOptions } from './webhooks.ts'

export interface CreateWebhooksOptions
  extends Omit<WebhooksOptions, 'guard'>, Pick<DeliveryWorkerOptions, 'bus' | 'onAttempt' | 'onError'> {
  /** The entries of WEBHOOK_ALLOWED_HOSTS. */
  mayBeReached: readonly string[]
}

export interface CreatedWebhooks {
  webhooks: Webhooks
  deliveryQueue: DeliveryQueue
  deliveryWorker: DeliveryWorker
}

/** The webhooks, and what sends to them. Starts nothing. */
export function createWebhooks({
  mayBeReached,
  bus,
  onAttempt,
  onError,
  ...rest
}: CreateWebhooksOptions): CreatedWebhooks {
  const { prisma, clock } = rest
  const guard = new AddressGuard(allowedHosts(mayBeReached))
  const deliveryQueue = new DeliveryQueue({ prisma, clock, random: Math.random })
  return {
    webhooks: new Webhooks({ ...rest, guard }),
    deliveryQueue,
    deliveryWorker: new DeliveryWorker({ queue: deliveryQueue, guard, bus, clock, onAttempt, onError }),
  }
}
