import type { Prisma, PrismaClient } from '@gaugeline/prisma'
import type { Clock } from '../base/clock.ts'
import type { ClaimedDelivery, StoredAttempt } from './delivery.ts'
import { LONGEST_WAIT_MS, retryAfterMs } from './retries.ts'

/** A lease lasts longer than an attempt takes: after it, the server that held it is considered dead. */
const LEASE_MS = 20_000
/** Deliveries are kept for a week, and at most MAX_KEPT of each webhook, including pending ones. */
export const KEPT_MS = 7 * 24 * 3_600_000
const MAX_KEPT = 5000
const CHUNK_ROWS = 1000

export interface DeliveryQueueOptions {
  prisma: PrismaClient
  clock: Clock
  /** From 0 to 1. */
  random: () => number
}

/**
 * Leases out deliveries that are due, one per webhook at a time, and records the outcome of each attempt. Several
 * servers may share the queue.
 */
export class DeliveryQueue {
  readonly #options: DeliveryQueueOptions

  constructor(options: DeliveryQueueOptions) {
    this.#options = options
  }

  /** Leases the deliveries that have been due longest, of webhooks that nobody holds a lease on. */
  async claim(limit: number): Promise<ClaimedDelivery[]> {
    const { prisma } = this.#options
    const now = this.#now()
    const leasedUntil = new Date(now.getTime() + LEASE_MS)
    const claimed = await prisma.$queryRaw<{ deliveryId: string }[]>`
      update webhooks set leased_until = ${leasedUntil} from (
        select w.id, next.id as delivery_id from webhooks w cross join lateral (
          select d.id, d.next_attempt_at from webhook_deliveries d where d.webhook_id = w.id and d.status = 'PENDING'
          order by d.next_attempt_at, d.id limit 1
        ) next
        where w.enabled and (w.leased_until is null or w.leased_until <= ${now}) and next.next_attempt_at <= ${now}
        order by next.next_attempt_at limit ${limit} for update of w skip locked
      ) due where webhooks.id = due.id returning due.delivery_id as "deliveryId"`
    if (claimed.length === 0) return []
    const deliveries = await prisma.webhookDelivery.findMany({
      where: { id: { in: claimed.map(({ deliveryId }) => deliveryId) } },
      include: { webhook: true },
    })
    return deliveries.map(({ webhook, ...delivery }) => ({
      id: delivery.id,
      webhookId: webhook.id,
      leasedUntil,
      messageId: delivery.messageId,
      body: delivery.body,
      attempts: (delivery.attempts as unknown as StoredAttempt[]).length,
      url: webhook.url,
      secrets: [
        webhook.secret,
        ...(webhook.previousSecret !== null && now < (webhook.previousSecretUntil ?? now)
          ? [webhook.previousSecret]
          : []),
      ],
    }))
  }

  /** Records an attempt and what follows from it: success, another attempt, or failure for good. */
  async record(delivery: ClaimedDelivery, attempt: StoredAttempt): Promise<void> {
    const { prisma, random } = this.#options
    const isGone = attempt.statusCode === 410
    const wait = isGone ? null : retryAfterMs(delivery.attempts + 1, random())
    const status = attempt.failure === null ? 'SUCCEEDED' : wait === null ? 'FAILED' : 'PENDING'
    const nextAttemptAt = status === 'PENDING' && wait !== null ? new Date(this.#now().getTime() + wait) : null
    // The webhook's row is locked first, as in a delete: in the opposite order the two could deadlock.
    await prisma.$transaction([
      this.#release(delivery),
      ...(isGone
        ? [prisma.webhook.updateMany({ where: { id: delivery.webhookId, url: delivery.url }, data: DISABLED_AS_GONE })]
        : []),
      // If another server took over after our lease and recorded an attempt, this one is not counted.
      prisma.$executeRaw`
        update webhook_deliveries set attempts = attempts || ${JSON.stringify([attempt])}::jsonb,
          status = ${status}::"WebhookDeliveryStatus", next_attempt_at = ${nextAttemptAt}
        where id = ${delivery.id}::uuid and status = 'PENDING' and jsonb_array_length(attempts) = ${delivery.attempts}`,
    ])
  }

  /** Releases the lease of a delivery whose attempt was aborted: it is due as before. */
  async giveBack(delivery: ClaimedDelivery): Promise<void> {
    await this.#release(delivery)
  }

  /** When the next delivery can be claimed; null when none is pending. */
  async nextDueAt(): Promise<Date | null> {
    const [row] = await this.#options.prisma.$queryRaw<{ at: Date | null }[]>`
      select min(greatest(next.at, w.leased_until)) as at from webhooks w cross join lateral (
        select d.next_attempt_at as at from webhook_deliveries d where d.webhook_id = w.id and d.status = 'PENDING'
        order by d.next_attempt_at, d.id limit 1
      ) next where w.enabled`
    return row?.at ?? null
  }

  /** How many deliveries to enabled webhooks are pending, and when the oldest of them was created. */
  async backlog(): Promise<{ pending: number; oldestAt: Date | null }> {
    const { prisma } = this.#options
    const webhooks = await prisma.webhook.findMany({ where: { enabled: true }, select: { id: true } })
    const backlog = { pending: 0, oldestAt: null as Date | null }
    // One by one: what all of them have would hold up an embedded database.
    for (const { id } of webhooks) {
      const [row] = await prisma.$queryRaw<{ pending: number; oldestAt: Date | null }[]>`
        select count(*)::int as pending, min(created_at) as "oldestAt" from (
          select created_at from webhook_deliveries where webhook_id = ${id}::uuid and status = 'PENDING' limit ${MAX_KEPT}
        ) pending`
      if (!row?.oldestAt) continue
      backlog.pending += row.pending
      if (backlog.oldestAt === null || row.oldestAt < backlog.oldestAt) backlog.oldestAt = row.oldestAt
    }
    return backlog
  }

  /** Removes a batch of the deliveries that are old by `atMs`; returns how many. */
  removeOld(atMs: number): Promise<number> {
    const before = new Date(atMs - KEPT_MS)
    return this.#options.prisma.$executeRaw`
      delete from webhook_deliveries where id in (
        select id from webhook_deliveries where created_at <= ${before} order by created_at limit ${CHUNK_ROWS}
        for update skip locked)`
  }

  /** Removes a batch of each webhook's oldest deliveries beyond the newest `keep`; returns how many. */
  removeExcess(keep = MAX_KEPT): Promise<number> {
    return this.#options.prisma.$executeRaw`
      delete from webhook_deliveries where id in (
        select id from webhook_deliveries where id in (
          select excess.id from webhooks w cross join lateral (
            select d.id from webhook_deliveries d where d.webhook_id = w.id order by d.created_at desc, d.id desc
            offset ${keep} limit ${CHUNK_ROWS}
          ) excess limit ${CHUNK_ROWS}
        ) for update skip locked)`
  }

  /** Erases rotated secrets that no longer sign by `atMs`; returns how many. */
  forgetSecrets(atMs: number): Promise<number> {
    return this.#options.prisma.$executeRaw`
      update webhooks set previous_secret = null, previous_secret_until = null
      where previous_secret_until <= ${new Date(atMs)}`
  }

  /**
   * Makes due what a wall clock that was ahead has put off: deliveries that were created in the future, or are to be
   * tried later than any retry waits, and leases longer than any. Returns how many there were.
   */
  async bringBack(): Promise<number> {
    const now = this.#now()
    const latestRetry = new Date(now.getTime() + LONGEST_WAIT_MS)
    const latestLease = new Date(now.getTime() + LEASE_MS)
    const deliveries = await this.#options.prisma.$executeRaw`
      update webhook_deliveries set next_attempt_at = ${now} where status = 'PENDING' and next_attempt_at > ${now}
        and (created_at > ${now} or next_attempt_at > ${latestRetry})`
    const leases = await this.#options.prisma.$executeRaw`
      update webhooks set leased_until = null where leased_until > ${latestLease}`
    return deliveries + leases
  }

  #release({ webhookId, leasedUntil }: ClaimedDelivery): Prisma.PrismaPromise<number> {
    return this.#options.prisma.$executeRaw`
      update webhooks set leased_until = null where id = ${webhookId}::uuid and leased_until = ${leasedUntil}`
  }

  #now(): Date {
    return new Date(this.#options.clock.now())
  }
}

const DISABLED_AS_GONE = { enabled: false, isGone: true }
