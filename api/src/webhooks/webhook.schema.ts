import type { Webhook } from '@gaugeline/prisma'
import { builder } from '../graphql/builder.ts'
import type { DeliveryFailure, StoredAttempt } from './delivery.ts'

export const WebhookEventTypeEnum = builder.enumType('WebhookEventType', {
  description: 'The kinds of events that a webhook can receive.',
  values: {
    DEPLOYMENT_DEPLOYED: { description: '`deployment.deployed`: a deployment was created and is active.' },
    DEPLOYMENT_PAUSED: { description: '`deployment.paused`: a deployment was paused.' },
    DEPLOYMENT_RESUMED: { description: '`deployment.resumed`: a deployment was resumed.' },
    DEPLOYMENT_DELETED: { description: '`deployment.deleted`: a deployment was deleted.' },
    DEPLOYMENT_SOURCE_CHANGED: {
      description: '`deployment.source_changed`: a deployment has another source, or its source has other settings.',
    },
    DEPLOYMENT_SOURCE_UP: { description: '`deployment.source_up`: the source of a deployment answers.' },
    DEPLOYMENT_SOURCE_DEGRADED: {
      description: '`deployment.source_degraded`: the source of a deployment has failed, but not for long.',
    },
    DEPLOYMENT_SOURCE_DOWN: {
      description: '`deployment.source_down`: the source of a deployment has failed for so long that it is down.',
    },
    TRAINING_JOB_COMPLETED: { description: '`training_job.completed`: a training job completed and can be deployed.' },
    TRAINING_JOB_FAILED: { description: '`training_job.failed`: a training job failed.' },
  },
})

const StatusEnum = builder.enumType('WebhookDeliveryStatus', {
  description: 'The state of a delivery.',
  values: {
    PENDING: { description: 'The message will be sent, or sent again after a failed attempt.' },
    SUCCEEDED: { description: 'The receiver answered with a 2xx status.' },
    FAILED: { description: 'All attempts failed. The message can be redelivered.' },
  },
})

const FailureEnum = builder.enumType('WebhookFailure', {
  description: 'The reason why an attempt failed.',
  values: {
    ADDRESS_REFUSED: {
      description: 'The host could not be resolved, or it resolves to an address that is not public.',
    },
    CONNECTION_FAILED: {
      description: 'The connection failed, the certificate was invalid, or the answer was not HTTP.',
    },
    TIMED_OUT: { description: 'There was no answer within 10 seconds.' },
    STATUS: { description: 'The answer had another status than 2xx. Redirects are not followed.' },
  } satisfies Record<DeliveryFailure, object>,
})

const AttemptType = builder.objectRef<StoredAttempt>('WebhookAttempt').implement({
  scope: 'ADMIN',
  description: 'One attempt to deliver a message.',
  fields: (t) => ({
    at: t.field({ type: 'DateTime', description: 'When the attempt began.', resolve: ({ at }) => new Date(at) }),
    durationMs: t.exposeInt('durationMs', { description: 'The duration of the attempt, in milliseconds.' }),
    statusCode: t.exposeInt('statusCode', {
      nullable: true,
      description: 'The HTTP status of the answer; null when there was no answer. The rest of the answer is not kept.',
    }),
    failure: t.expose('failure', {
      type: FailureEnum,
      nullable: true,
      description: 'Why the attempt failed; null when it succeeded.',
    }),
  }),
})

export const WebhookType = builder.prismaNode('Webhook', {
  scope: 'ADMIN',
  id: { field: 'id' },
  nullable: true,
  description:
    'A URL that events are posted to as signed HTTP requests. The page docs/webhooks.md describes what a receiver has to do.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'The name of the webhook, for people.' }),
    url: t.string({
      description: 'The URL that events are posted to, in its normal form, in which the host is ASCII.',
      // Rows of earlier versions hold URLs as they were given.
      resolve: ({ url }) => new URL(url).href,
    }),
    events: t.expose('events', {
      type: [WebhookEventTypeEnum],
      description: 'The kinds of events that the webhook receives.',
    }),
    models: t.exposeStringList('models', {
      description: 'The names of the models whose events the webhook receives, sorted; those of all models when empty.',
    }),
    enabled: t.exposeBoolean('enabled', {
      description:
        'Whether the webhook is enabled. While it is disabled nothing is sent, and new events are not kept for it.',
    }),
    isGone: t.exposeBoolean('isGone', {
      description: 'Whether the webhook was disabled because its receiver answered 410 Gone.',
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When the webhook was created.' }),
    createdBy: t.exposeString('createdBy', { description: 'The name of the caller who created the webhook.' }),
    previousSecretUntil: t.expose('previousSecretUntil', {
      type: 'DateTime',
      nullable: true,
      description: 'Until when messages are signed with the previous secret as well; null when there is none.',
    }),
  }),
})

export const DeliveryType = builder.prismaNode('WebhookDelivery', {
  scope: 'ADMIN',
  id: { field: 'id' },
  nullable: true,
  description:
    'A message to a webhook and its outcome. Deliveries are kept for 7 days, and at most 5,000 for each webhook.',
  fields: (t) => ({
    webhook: t.relation('webhook', { description: 'The webhook that the message is sent to.' }),
    messageId: t.exposeString('messageId', {
      description:
        'The `webhook-id` header of the message. It is the same for every attempt and redelivery, so that a receiver can recognize repetitions.',
    }),
    type: t.exposeString('type', {
      description: 'The `type` in the body of the message.\n\nExample:\n`deployment.paused`',
    }),
    body: t.exposeString('body', { scope: 'READ', description: 'The body of the message, as JSON.' }),
    status: t.expose('status', { type: StatusEnum, description: 'The state of the delivery.' }),
    attempts: t.field({
      type: [AttemptType],
      description: 'The attempts so far, oldest first; at most 11.',
      resolve: ({ attempts }) => attempts as unknown as StoredAttempt[],
    }),
    nextAttemptAt: t.expose('nextAttemptAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When the next attempt is due; null when there will be none.',
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When the delivery was created.' }),
  }),
})

builder.prismaObjectField(WebhookType, 'deliveries', (t) =>
  t.connection(
    {
      type: DeliveryType,
      description: 'The deliveries to the webhook, pending ones included, newest first.',
      resolve: ({ id }: Webhook, args, { services }) => services.webhooks.deliveries(id, args),
    },
    { name: 'WebhookDeliveryConnection', description: 'A page of webhook deliveries.' },
    { name: 'WebhookDeliveryEdge', description: 'A webhook delivery and its position in the list.' },
  ),
)

builder.queryField('webhooks', (t) =>
  t.connection(
    {
      scope: 'ADMIN',
      type: WebhookType,
      description: `Lists all webhooks, newest first; there are at most 50.

Example:
\`webhooks(first: 50) { edges { node { id name url enabled } } }\``,
      resolve: (_root, args, { services }) => services.webhooks.list(args),
    },
    { name: 'WebhookConnection', description: 'A page of webhooks.' },
    { name: 'WebhookEdge', description: 'A webhook and its position in the list.' },
  ),
)
