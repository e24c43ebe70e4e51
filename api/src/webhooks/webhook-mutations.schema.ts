import type { Webhook, WebhookDelivery } from '@gaugeline/prisma'
import { requireScope } from '../base/viewer.ts'
import { builder } from '../graphql/builder.ts'
import { ErrorInterface } from '../graphql/errors.schema.ts'
import { encodeId, inputUuid } from '../graphql/ids.ts'
import { IdempotencyConflictError } from '../idempotency/idempotency.errors.ts'
import { idempotencyKeyOf, IDEMPOTENCY_KEY } from '../idempotency/idempotency.schema.ts'
import {
  WebhookDeliveryNotFoundError,
  WebhookDisabledError,
  WebhookLimitError,
  WebhookNotFoundError,
} from './webhook.errors.ts'
import { DeliveryType, WebhookEventTypeEnum, WebhookType } from './webhook.schema.ts'

builder.objectType(WebhookNotFoundError, {
  name: 'WebhookNotFoundError',
  description: 'There is no webhook with this id; it may have been deleted.',
  interfaces: [ErrorInterface],
})
builder.objectType(WebhookDeliveryNotFoundError, {
  name: 'WebhookDeliveryNotFoundError',
  description: 'There is no delivery with this id; it may be older than 7 days, or its webhook was deleted.',
  interfaces: [ErrorInterface],
})
builder.objectType(WebhookDisabledError, {
  name: 'WebhookDisabledError',
  description: 'The webhook is disabled, and nothing is sent to it; enable it first.',
  interfaces: [ErrorInterface],
})
builder.objectType(WebhookLimitError, {
  name: 'WebhookLimitError',
  description: 'There are already as many webhooks as are allowed.',
  interfaces: [ErrorInterface],
  fields: (t) => ({ limit: t.exposeInt('limit', { description: 'How many webhooks are allowed.' }) }),
})

const SECRET = 'The key that verifies signatures: `whsec_` followed by base64. It is shown only once.'

const NAME =
  'The name of the webhook, for people: one line of 1 to 100 characters. It is stored in the Unicode form NFKC.'
const URL = `The URL that events are posted to: https or http, at most 2,000 characters, without user, password or fragment.
It is stored in its normal form, in which the host is ASCII.
Unless the operator allows others, its host must resolve to public addresses, now and at every delivery.`
const EVENTS = 'The kinds of events to send, at least one.'
const MODELS = 'The names of the models whose events to send, at most 100. A model need not exist yet.'
const WEBHOOK_ID = 'The id of the webhook.'

const CreateSuccess = builder.objectRef<{ webhook: Webhook; secret: string | null }>('CreateWebhookSuccess').implement({
  description: 'The webhook was created and receives events from now on.',
  fields: (t) => ({
    webhook: t.field({ type: WebhookType, description: 'The new webhook.', resolve: ({ webhook }) => webhook }),
    secret: t.exposeString('secret', {
      nullable: true,
      description: `${SECRET} Null when the call repeats an earlier one.`,
    }),
  }),
})
const UpdateSuccess = builder.objectRef<{ webhook: Webhook }>('UpdateWebhookSuccess').implement({
  description: 'The webhook was updated.',
  fields: (t) => ({
    webhook: t.field({
      type: WebhookType,
      description: 'The webhook in its current state.',
      resolve: ({ webhook }) => webhook,
    }),
  }),
})
const DeleteSuccess = builder.objectRef<{ webhookId: string }>('DeleteWebhookSuccess').implement({
  description: 'The webhook was deleted with its deliveries; pending ones are not sent.',
  fields: (t) => ({ webhookId: t.exposeID('webhookId', { description: 'The id of the deleted webhook.' }) }),
})
const RotateSuccess = builder.objectRef<{ webhook: Webhook; secret: string }>('RotateWebhookSecretSuccess').implement({
  description: 'Messages are signed with the new secret from now on, and for 24 hours with the old one as well.',
  fields: (t) => ({
    webhook: t.field({
      type: WebhookType,
      description: 'The webhook in its current state.',
      resolve: ({ webhook }) => webhook,
    }),
    secret: t.exposeString('secret', { description: SECRET }),
  }),
})

function deliverySuccess(name: string, description: string) {
  return builder.objectRef<{ delivery: WebhookDelivery }>(name).implement({
    description,
    fields: (t) => ({
      delivery: t.field({
        type: DeliveryType,
        description: 'The pending delivery. Read it again later to see its outcome.',
        resolve: ({ delivery }) => delivery,
      }),
    }),
  })
}

const webhookUuid = (id: string) => inputUuid('Webhook', 'webhookId', id)

builder.mutationFields((t) => ({
  createWebhook: t.fieldWithInput({
    scope: 'ADMIN',
    type: CreateSuccess,
    description: `Creates a webhook: the chosen events are posted to its URL, signed. The scope READ is required as well, because a webhook receives everything that happens.

Example:
\`createWebhook(input: { name: "bot", url: "https://bot.example.com/hooks", events: [DEPLOYMENT_PAUSED] })\``,
    errors: { types: [WebhookLimitError, IdempotencyConflictError] },
    typeOptions: { description: 'The webhook to create.' },
    input: {
      name: t.input.string({ required: true, description: NAME }),
      url: t.input.string({ required: true, description: URL }),
      events: t.input.field({ type: [WebhookEventTypeEnum], required: true, description: EVENTS }),
      models: t.input.stringList({ description: `${MODELS} All models when it is empty or left out.` }),
      idempotencyKey: t.input.string({
        description: `${IDEMPOTENCY_KEY} A repeated call shows no secret: if the first answer was lost, rotate the secret.`,
      }),
    },
    resolve: (_root, { input: { idempotencyKey, ...input } }, { services, viewer }) => {
      // A webhook receives everything that happens.
      requireScope(viewer, 'READ')
      return services.webhooks.create(input, viewer.name, idempotencyKeyOf(viewer, idempotencyKey))
    },
  }),
  updateWebhook: t.fieldWithInput({
    scope: 'ADMIN',
    type: UpdateSuccess,
    description: `Changes a webhook, enables or disables it. The scope READ is required as well.

Example:
\`updateWebhook(input: { webhookId: "V2ViaG9vazo…", enabled: false })\``,
    errors: { types: [WebhookNotFoundError] },
    typeOptions: { description: 'What to change in a webhook. What is left out stays as it is.' },
    input: {
      webhookId: t.input.id({ required: true, description: WEBHOOK_ID }),
      name: t.input.string({ description: NAME }),
      url: t.input.string({ description: `${URL} Pending deliveries are sent to the new URL as well.` }),
      events: t.input.field({ type: [WebhookEventTypeEnum], description: EVENTS }),
      models: t.input.stringList({ description: `${MODELS} An empty list means all models.` }),
      enabled: t.input.boolean({
        description:
          'Whether the webhook is enabled. While it is disabled nothing is sent, and pending deliveries wait. Setting it either way resets `isGone`.',
      }),
    },
    resolve: async (_root, { input: { webhookId, ...update } }, { services, viewer }) => {
      requireScope(viewer, 'READ')
      return { webhook: await services.webhooks.update(webhookUuid(webhookId), update) }
    },
  }),
  deleteWebhook: t.fieldWithInput({
    scope: 'ADMIN',
    type: DeleteSuccess,
    description: `Deletes a webhook with its deliveries, including pending ones.

Example:
\`deleteWebhook(input: { webhookId: "V2ViaG9vazo…" })\``,
    errors: { types: [WebhookNotFoundError] },
    typeOptions: { description: 'The webhook to delete.' },
    input: { webhookId: t.input.id({ required: true, description: WEBHOOK_ID }) },
    resolve: async (_root, { input }, { services }) => {
      const id = webhookUuid(input.webhookId)
      await services.webhooks.delete(id)
      return { webhookId: encodeId('Webhook', id) }
    },
  }),
  rotateWebhookSecret: t.fieldWithInput({
    scope: 'ADMIN',
    type: RotateSuccess,
    description: `Gives a webhook a new secret. For 24 hours every message carries two signatures, so that the receiver can switch over
without haste. Rotating again within that time drops the oldest secret at once.

Example:
\`rotateWebhookSecret(input: { webhookId: "V2ViaG9vazo…" })\``,
    errors: { types: [WebhookNotFoundError] },
    typeOptions: { description: 'The webhook whose secret to rotate.' },
    input: { webhookId: t.input.id({ required: true, description: WEBHOOK_ID }) },
    resolve: (_root, { input }, { services }) => services.webhooks.rotateSecret(webhookUuid(input.webhookId)),
  }),
  sendTestWebhook: t.fieldWithInput({
    scope: 'ADMIN',
    type: deliverySuccess('SendTestWebhookSuccess', 'A message of the type `webhook.test` is being sent.'),
    description: `Sends a test message, which is signed, retried and logged like the message of an event.

Example:
\`sendTestWebhook(input: { webhookId: "V2ViaG9vazo…" })\``,
    errors: { types: [WebhookNotFoundError, WebhookDisabledError] },
    typeOptions: { description: 'The webhook to test.' },
    input: { webhookId: t.input.id({ required: true, description: WEBHOOK_ID }) },
    resolve: async (_root, { input }, { services, viewer }) => ({
      delivery: await services.webhooks.sendTest(webhookUuid(input.webhookId), viewer.name),
    }),
  }),
  redeliverWebhook: t.fieldWithInput({
    scope: 'ADMIN',
    type: deliverySuccess('RedeliverWebhookSuccess', 'The message is being sent again.'),
    description: `Sends a message again under the same \`webhook-id\`, whatever the outcome of the earlier delivery. It appears in the log as a new delivery.

Example:
\`redeliverWebhook(input: { deliveryId: "V2ViaG9va0RlbGl2ZXJ5O…" })\``,
    errors: { types: [WebhookDeliveryNotFoundError, WebhookDisabledError] },
    typeOptions: { description: 'The delivery to repeat.' },
    input: { deliveryId: t.input.id({ required: true, description: 'The id of the delivery.' }) },
    resolve: async (_root, { input }, { services }) => ({
      delivery: await services.webhooks.redeliver(inputUuid('WebhookDelivery', 'deliveryId', input.deliveryId)),
    }),
  }),
}))
