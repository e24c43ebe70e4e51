import { randomUUID } from 'node:crypto'
import { Prisma, type PrismaClient, type Reader, type Webhook, type WebhookDelivery } from '@gaugeline/prisma'
import type { Clock } from '../base/clock.ts'
import { InvalidInputError } from '../base/errors.ts'
import type { IdempotencyKey, Idempotency } from '../idempotency/idempotency.ts'
import type { Page, PageRequest } from '../base/page.ts'
import type { Keyset, ListSource } from '../lists/chunks.ts'
import { countOf, pageOf } from '../lists/paging.ts'
import { TRANSACTION } from '../base/transaction.ts'
import { type AddressGuard, AddressRefusedError } from '../outbound/address-guard.ts'
import { testMessage } from './messages.ts'
import { newDelivery, type WebhookOutbox } from './outbox.ts'
import { newWebhookSecret } from './signatures.ts'
import {
  WebhookDeliveryNotFoundError,
  WebhookDisabledError,
  WebhookLimitError,
  WebhookNotFoundError,
} from './webhook.errors.ts'
import { checkWebhook, type NewWebhook, type WebhookUpdate, withPlainForms } from './webhook-input.ts'

/** How long a rotated secret still signs beside its successor. */
export const ROTATION_MS = 24 * 3_600_000
const RESOLVE_TIMEOUT_MS = 5000

function newestFirst(name: string): Keyset {
  return {
    name,
    direction: 'desc',
    columns: [
      { sql: Prisma.sql`t.created_at`, type: 'date' },
      { sql: Prisma.sql`t.id`, type: 'uuid' },
    ],
  }
}

const WEBHOOKS: ListSource = { keyset: newestFirst('webhooks'), from: Prisma.sql`webhooks t` }

export interface WebhooksOptions {
  prisma: PrismaClient
  reader: Reader
  guard: AddressGuard
  outbox: WebhookOutbox
  idempotency: Idempotency
  clock: Clock
  maxWebhooks: number
}

/** The secret is returned when it is created, and never again. */
export interface WebhookWithSecret {
  webhook: Webhook
  secret: string
}

/** Owns the webhooks; DeliveryQueue owns their deliveries. */
export class Webhooks {
  readonly #options: WebhooksOptions

  constructor(options: WebhooksOptions) {
    this.#options = options
  }

  list(page: PageRequest): Promise<Page<Webhook>> {
    const { reader } = this.#options
    return pageOf(reader.rowsOf('Webhook'), WEBHOOKS, page, () => countOf(reader, WEBHOOKS))
  }

  deliveries(webhookId: string, page: PageRequest): Promise<Page<WebhookDelivery>> {
    const { reader } = this.#options
    const source = {
      keyset: newestFirst('deliveries'),
      from: Prisma.sql`webhook_deliveries t`,
      within: [Prisma.sql`t.webhook_id = ${webhookId}::uuid`],
    }
    return pageOf(reader.rowsOf('WebhookDelivery'), source, page, () => countOf(reader, source))
  }

  /**
   * Creates a webhook, which receives events from now on. A repeated call returns the webhook without its secret.
   * @throws InvalidInputError, WebhookLimitError, IdempotencyConflictError
   */
  async create(
    given: NewWebhook,
    by: string,
    idempotencyKey?: IdempotencyKey,
  ): Promise<{ webhook: Webhook; secret: string | null }> {
    const { prisma, idempotency } = this.#options
    checkWebhook(given, idempotencyKey)
    const input = withPlainForms(given)
    if (!(await idempotency.isKnown(idempotencyKey))) await this.#checkAddress(input.url)
    return prisma.$transaction(
      (tx) =>
        idempotency.once<{ webhook: Webhook; secret: string | null }>(tx, idempotencyKey, {
          operation: 'createWebhook',
          input: {
            ...input,
            events: input.events.toSorted(),
            models: input.models?.length ? namesIn(input.models) : null,
          },
          run: () => this.#create(tx, input, by),
          idOf: ({ webhook }) => webhook.id,
          replay: async (id) => {
            const webhook = await tx.webhook.findUnique({ where: { id } })
            return webhook && { webhook, secret: null }
          },
        }),
      TRANSACTION,
    )
  }

  /**
   * Pending deliveries go to the new URL. A disabled webhook keeps them until it is enabled again.
   * @throws WebhookNotFoundError, InvalidInputError
   */
  async update(id: string, given: WebhookUpdate): Promise<Webhook> {
    checkWebhook(given)
    const update = withPlainForms(given)
    if (update.url != null) await this.#checkAddress(update.url)
    const webhook = await this.#change(id, {
      ...(update.name == null ? {} : { name: update.name }),
      ...(update.url == null ? {} : { url: update.url }),
      ...(update.events == null ? {} : { events: [...new Set(update.events)] }),
      ...(update.models == null ? {} : { models: namesIn(update.models) }),
      ...(update.enabled == null ? {} : { enabled: update.enabled, isGone: false }),
    })
    this.#options.outbox.announce()
    return webhook
  }

  /**
   * Deletes a webhook with all its deliveries, including pending ones.
   * @throws WebhookNotFoundError
   */
  async delete(id: string): Promise<void> {
    const { count } = await this.#options.prisma.webhook.deleteMany({ where: { id } })
    if (count === 0) throw new WebhookNotFoundError()
  }

  /**
   * For a day the old secret signs too. One that was already replaced within the last day stops signing at once.
   * @throws WebhookNotFoundError
   */
  async rotateSecret(id: string): Promise<WebhookWithSecret> {
    const secret = newWebhookSecret()
    const webhook = await this.#options.prisma.$transaction(async (tx) => {
      const before = await lockWebhook(tx, id)
      return tx.webhook.update({
        where: { id },
        data: {
          secret,
          previousSecret: before.secret,
          previousSecretUntil: new Date(this.#options.clock.now() + ROTATION_MS),
        },
      })
    }, TRANSACTION)
    return { webhook, secret }
  }

  /**
   * Sends a test message, by the same path as events.
   * @throws WebhookNotFoundError, WebhookDisabledError
   */
  async sendTest(id: string, by: string): Promise<WebhookDelivery> {
    return this.#send(async (tx) => {
      const webhook = await tx.webhook.findUnique({ where: { id } })
      if (!webhook) throw new WebhookNotFoundError()
      return { webhook, message: testMessage(randomUUID(), webhook, by, this.#now()) }
    })
  }

  /**
   * Sends the same message once more, under the same `webhook-id`, as a new delivery.
   * @throws WebhookDeliveryNotFoundError, WebhookDisabledError
   */
  async redeliver(deliveryId: string): Promise<WebhookDelivery> {
    return this.#send(async (tx) => {
      const delivery = await tx.webhookDelivery.findUnique({ where: { id: deliveryId }, include: { webhook: true } })
      if (!delivery) throw new WebhookDeliveryNotFoundError()
      const { webhook, messageId, type, body } = delivery
      return { webhook, message: { id: messageId, type, body } }
    })
  }

  async #send(
    prepare: (
      tx: Prisma.TransactionClient,
    ) => Promise<{ webhook: Webhook; message: Parameters<typeof newDelivery>[1] }>,
  ): Promise<WebhookDelivery> {
    const { prisma, outbox } = this.#options
    const delivery = await prisma.$transaction(async (tx) => {
      const { webhook, message } = await prepare(tx)
      // Locked, so that nobody can delete it meanwhile.
      const { enabled } = await lockWebhook(tx, webhook.id)
      if (!enabled) throw new WebhookDisabledError()
      return tx.webhookDelivery.create({ data: newDelivery(webhook.id, message, this.#now()) })
    }, TRANSACTION)
    outbox.announce()
    return delivery
  }

  async #create(
    tx: Prisma.TransactionClient,
    { name, url, events, models }: NewWebhook,
    by: string,
  ): Promise<WebhookWithSecret> {
    // Serialised, or two could both take the last free place.
    await tx.$executeRaw`select pg_advisory_xact_lock(hashtext('gaugeline webhooks'))`
    const { maxWebhooks } = this.#options
    if ((await tx.webhook.count()) >= maxWebhooks) throw new WebhookLimitError(maxWebhooks)
    const secret = newWebhookSecret()
    const chosen = { events: [...new Set(events)], models: namesIn(models ?? []) }
    const data = { name, url, ...chosen, secret, createdAt: this.#now(), createdBy: by }
    return { webhook: await tx.webhook.create({ data }), secret }
  }

  async #change(id: string, data: Prisma.WebhookUpdateInput): Promise<Webhook> {
    return this.#options.prisma.$transaction(async (tx) => {
      await lockWebhook(tx, id)
      return tx.webhook.update({ where: { id }, data })
    }, TRANSACTION)
  }

  async #checkAddress(url: string): Promise<void> {
    try {
      await this.#options.guard.addressesOf(new URL(url), AbortSignal.timeout(RESOLVE_TIMEOUT_MS))
    } catch (error) {
      if (!(error instanceof AddressRefusedError)) throw error
      throw new InvalidInputError([{ path: ['url'], message: 'must lead to public addresses only.' }])
    }
  }

  #now(): Date {
    return new Date(this.#options.clock.now())
  }
}

/** Each name once, sorted. */
function namesIn(models: readonly string[]): string[] {
  return [...new Set(models)].toSorted()
}

async function lockWebhook(tx: Prisma.TransactionClient, id: string): Promise<Webhook> {
  await tx.$queryRaw`select 1 from webhooks where id = ${id}::uuid for no key update`
  const webhook = await tx.webhook.findUnique({ where: { id } })
  if (!webhook) throw new WebhookNotFoundError()
  return webhook
}
