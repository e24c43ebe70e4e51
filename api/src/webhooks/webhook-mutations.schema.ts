import type { Webhook, WebhookDelivery } from '@gaugeline/prisma'
import { requireScope } from '../base/viewer.ts'
import { InvalidInputError } from '../base/errors.ts'
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
  description: 'No webhook has this id; it may have been deleted.',
  interfaces: [ErrorInterface],
})
builder.objectType(WebhookDeliveryNotFoundError, {
  name: 'WebhookDeliveryNotFoundError',
  description: 'No delivery has this id; it may be older than 7 days, or its webhook was deleted.',
  interfaces: [ErrorInterface],
})
builder.objectType(WebhookDisabledError, {
  name: 'WebhookDisabledError',
  description: 'Nothing is sent to a webhook that is disabled; enable it first.',
  interfaces: [ErrorInterface],
})
builder.objectType(WebhookLimitError, {
  name: 'WebhookLimitError',
  description: 'There are as many webhooks as there can be.',
  interfaces: [ErrorInterface],
  fields: (t) => ({ limit: t.exposeInt('limit', { description: 'How many there can be.' }) }),
})

const SECRET = 'Verifies the signatures: `whsec_` and base64. Shown this once.'

const NAME = 'For people, 1 to 100 characters.'
const URL = `Where events are posted: https or http, at most 2,000 characters, without user, password and fragment. It must lead to
public addresses, now and at every delivery, unless the operator allows others.`

const CreateInput = builder.inputType('CreateWebhookInput', {
  description: 'A new webhook.',
  fields: (t) => ({
    name: t.string({ required: true, description: NAME }),
    url: t.string({ required: true, description: URL }),
    events: t.field({ type: [WebhookEventTypeEnum], required: true, description: 'What it is told of; at least one.' }),
    idempotencyKey: t.string({
      description: `${IDEMPOTENCY_KEY} The repetition shows no secret: if the first answer was lost, rotate it.`,
    }),
  }),
})
const UpdateInput = builder.inputType('UpdateWebhookInput', {
  description: 'What to change; what is left out stays.',
  fields: (t) => ({
    webhookId: t.id({ required: true, description: 'Which webhook.' }),
    name: t.string({ description: NAME }),
    url: t.string({ description: `${URL} What is pending goes there too.` }),
    events: t.field({ type: [WebhookEventTypeEnum], description: 'What it is told of; at least one.' }),
    enabled: t.boolean({
      description: 'False: nothing is sent, and what is pending waits. True: it is sent. Either forgets a 410 Gone.',
    }),
  }),
})
const DeleteInput = builder.inputType('DeleteWebhookInput', {
  description: 'What to delete.',
  fields: (t) => ({ webhookId: t.id({ required: true, description: 'Which webhook.' }) }),
})
const RotateInput = builder.inputType('RotateWebhookSecretInput', {
  description: 'Whose secret to rotate.',
  fields: (t) => ({ webhookId: t.id({ required: true, description: 'Which webhook.' }) }),
})
const TestInput = builder.inputType('SendTestWebhookInput', {
  description: 'What to test.',
  fields: (t) => ({ webhookId: t.id({ required: true, description: 'Which webhook.' }) }),
})
const RedeliverInput = builder.inputType('RedeliverWebhookInput', {
  description: 'What to send again.',
  fields: (t) => ({ deliveryId: t.id({ required: true, description: 'Which delivery.' }) }),
})

const CreateSuccess = builder.objectRef<{ webhook: Webhook; secret: string | null }>('CreateWebhookSuccess').implement({
  description: 'The webhook is told of what happens from now on.',
  fields: (t) => ({
    webhook: t.field({ type: WebhookType, description: 'As it is now.', resolve: ({ webhook }) => webhook }),
    secret: t.exposeString('secret', {
      nullable: true,
      description: `${SECRET} Null when the call repeats an earlier one.`,
    }),
  }),
})
const UpdateSuccess = builder.objectRef<{ webhook: Webhook }>('UpdateWebhookSuccess').implement({
  description: 'The webhook was changed.',
  fields: (t) => ({
    webhook: t.field({ type: WebhookType, description: 'As it is now.', resolve: ({ webhook }) => webhook }),
  }),
})
const DeleteSuccess = builder.objectRef<{ webhookId: string }>('DeleteWebhookSuccess').implement({
  description: 'The webhook is gone with its deliveries; what was pending is not sent.',
  fields: (t) => ({ webhookId: t.exposeID('webhookId', { description: 'The id it had.' }) }),
})
const RotateSuccess = builder.objectRef<{ webhook: Webhook; secret: string }>('RotateWebhookSecretSuccess').implement({
  description: 'The new secret signs from now on, and the old one beside it for 24 hours.',
  fields: (t) => ({
    webhook: t.field({ type: WebhookType, description: 'As it is now.', resolve: ({ webhook }) => webhook }),
    secret: t.exposeString('secret', { description: SECRET }),
  }),
})

function deliverySuccess(name: string, description: string) {
  return builder.objectRef<{ delivery: WebhookDelivery }>(name).implement({
    description,
    fields: (t) => ({
      delivery: t.field({
        type: DeliveryType,
        description: 'It is on its way; ask for it again to see what came of it.',
        resolve: ({ delivery }) => delivery,
      }),
    }),
  })
}

function unionOf(mutation: string) {
  return { name: `${mutation}Result`, description: 'Its success, and what a caller can mend.' }
}

const webhookUuid = (id: string) => inputUuid('Webhook', 'webhookId', id)

builder.mutationFields((t) => ({
  createWebhook: t.field({
    scope: 'ADMIN',
    type: CreateSuccess,
    description: 'Has events sent to a URL, signed. Needs the scope READ as well: a webhook hears of everything.',
    errors: {
      types: [WebhookLimitError, IdempotencyConflictError, InvalidInputError],
      union: unionOf('CreateWebhook'),
    },
    args: { input: t.arg({ type: CreateInput, required: true, description: 'The webhook.' }) },
    resolve: (_root, { input: { idempotencyKey, ...input } }, { services, viewer }) => {
      // A webhook hears of everything.
      requireScope(viewer, 'READ')
      return services.webhooks.create(input, viewer.name, idempotencyKeyOf(viewer, idempotencyKey))
    },
  }),
  updateWebhook: t.field({
    scope: 'ADMIN',
    type: UpdateSuccess,
    description: 'Changes a webhook, disables or enables it. Needs the scope READ as well.',
    errors: { types: [WebhookNotFoundError, InvalidInputError], union: unionOf('UpdateWebhook') },
    args: { input: t.arg({ type: UpdateInput, required: true, description: 'The changes.' }) },
    resolve: async (_root, { input: { webhookId, ...update } }, { services, viewer }) => {
      requireScope(viewer, 'READ')
      return { webhook: await services.webhooks.update(webhookUuid(webhookId), update) }
    },
  }),
  deleteWebhook: t.field({
    scope: 'ADMIN',
    type: DeleteSuccess,
    description: 'Deletes a webhook with its deliveries, those that are pending too.',
    errors: { types: [WebhookNotFoundError, InvalidInputError], union: unionOf('DeleteWebhook') },
    args: { input: t.arg({ type: DeleteInput, required: true, description: 'What to delete.' }) },
    resolve: async (_root, { input }, { services }) => {
      const id = webhookUuid(input.webhookId)
      await services.webhooks.delete(id)
      return { webhookId: encodeId('Webhook', id) }
    },
  }),
  rotateWebhookSecret: t.field({
    scope: 'ADMIN',
    type: RotateSuccess,
    description: `Gives a webhook a new secret. For 24 hours every message carries two signatures, so that the receiver can change over
at leisure. Rotating again within that time drops the older secret at once.`,
    errors: { types: [WebhookNotFoundError, InvalidInputError], union: unionOf('RotateWebhookSecret') },
    args: { input: t.arg({ type: RotateInput, required: true, description: 'Which one.' }) },
    resolve: (_root, { input }, { services }) => services.webhooks.rotateSecret(webhookUuid(input.webhookId)),
  }),
  sendTestWebhook: t.field({
    scope: 'ADMIN',
    type: deliverySuccess('SendTestWebhookSuccess', 'A message of the type `webhook.test` is on its way.'),
    description: 'Sends a message that says nothing, the way events are sent: signed, retried and logged.',
    errors: {
      types: [WebhookNotFoundError, WebhookDisabledError, InvalidInputError],
      union: unionOf('SendTestWebhook'),
    },
    args: { input: t.arg({ type: TestInput, required: true, description: 'Which one.' }) },
    resolve: async (_root, { input }, { services, viewer }) => ({
      delivery: await services.webhooks.sendTest(webhookUuid(input.webhookId), viewer.name),
    }),
  }),
  redeliverWebhook: t.field({
    scope: 'ADMIN',
    type: deliverySuccess('RedeliverWebhookSuccess', 'The message is on its way once more.'),
    description:
      'Sends a message again, under the same `webhook-id`, whatever came of it before. It is a new delivery in the log.',
    errors: {
      types: [WebhookDeliveryNotFoundError, WebhookDisabledError, InvalidInputError],
      union: unionOf('RedeliverWebhook'),
    },
    args: { input: t.arg({ type: RedeliverInput, required: true, description: 'Which delivery.' }) },
    resolve: async (_root, { input }, { services }) => ({
      delivery: await services.webhooks.redeliver(inputUuid('WebhookDelivery', 'deliveryId', input.deliveryId)),
    }),
  }),
}))
