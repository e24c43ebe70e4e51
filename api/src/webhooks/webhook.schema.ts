import type { Webhook } from '@gaugeline/prisma'
import { builder } from '../graphql/builder.ts'
import type { DeliveryFailure, StoredAttempt } from './delivery.ts'

export const WebhookEventTypeEnum = builder.enumType('WebhookEventType', {
  description: 'What a webhook can be told of.',
  values: {
    DEPLOYMENT_DEPLOYED: { description: '`deployment.deployed`: a deployment was made, and is active.' },
    DEPLOYMENT_PAUSED: { description: '`deployment.paused`: its samples stopped.' },
    DEPLOYMENT_RESUMED: { description: '`deployment.resumed`: its samples go on.' },
    DEPLOYMENT_DELETED: { description: '`deployment.deleted`: it is gone.' },
    TRAINING_JOB_COMPLETED: { description: '`training_job.completed`: a training job can be deployed.' },
    TRAINING_JOB_FAILED: { description: '`training_job.failed`: a training job ended without a result.' },
  },
})

const StatusEnum = builder.enumType('WebhookDeliveryStatus', {
  description: 'How far a delivery is.',
  values: {
    PENDING: { description: 'It will be tried (again).' },
    SUCCEEDED: { description: 'The receiver answered 2xx.' },
    FAILED: { description: 'Nothing more is tried; it can be redelivered.' },
  },
})

const FailureEnum = builder.enumType('WebhookFailure', {
  description: 'Why an attempt failed.',
  values: {
    ADDRESS_REFUSED: { description: 'The host could not be resolved, or leads to an address that is not public.' },
    CONNECTION_FAILED: { description: 'No connection, no valid certificate, or no answer of HTTP.' },
    TIMED_OUT: { description: 'No answer within 10 seconds.' },
    STATUS: { description: 'The answer was not 2xx. Redirects are not followed.' },
  } satisfies Record<DeliveryFailure, object>,
})

const AttemptType = builder.objectRef<StoredAttempt>('WebhookAttempt').implement({
  scope: 'ADMIN',
  description: 'One try to deliver.',
  fields: (t) => ({
    at: t.field({ type: 'DateTime', description: 'When it began.', resolve: ({ at }) => new Date(at) }),
    durationMs: t.exposeInt('durationMs', { description: 'How long it took, in milliseconds.' }),
    statusCode: t.exposeInt('statusCode', {
      nullable: true,
      description: 'HTTP status of the answer; null when there was none. No more of an answer is kept.',
    }),
    failure: t.expose('failure', {
      type: FailureEnum,
      nullable: true,
      description: 'Why it failed; null when it succeeded.',
    }),
  }),
})

export const WebhookType = builder.prismaNode('Webhook', {
  scope: 'ADMIN',
  id: { field: 'id' },
  nullable: true,
  description: 'Where events are sent as signed HTTP requests. docs/webhooks.md says what a receiver does with them.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'For people.' }),
    url: t.exposeString('url', { description: 'Where events are posted.' }),
    events: t.expose('events', { type: [WebhookEventTypeEnum], description: 'What it is told of.' }),
    enabled: t.exposeBoolean('enabled', {
      description: 'Whether it is told. While false nothing is sent, and what happens is not kept for it.',
    }),
    isGone: t.exposeBoolean('isGone', {
      description: 'Whether it was disabled because the receiver answered 410 Gone.',
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was created.' }),
    createdBy: t.exposeString('createdBy', { description: 'By whom.' }),
    previousSecretUntil: t.expose('previousSecretUntil', {
      type: 'DateTime',
      nullable: true,
      description: 'Until then the secret before the last rotation signs too; null when there is none.',
    }),
  }),
})

export const DeliveryType = builder.prismaNode('WebhookDelivery', {
  scope: 'ADMIN',
  id: { field: 'id' },
  nullable: true,
  description: 'A message to a webhook and what came of it. Kept for 7 days, and at most 5,000 of a webhook.',
  fields: (t) => ({
    webhook: t.relation('webhook', { description: 'To whom.' }),
    messageId: t.exposeString('messageId', {
      description:
        'The `webhook-id` header: the same for every attempt and redelivery, so that a receiver sees repetitions.',
    }),
    type: t.exposeString('type', { description: '`type` of the body, like `deployment.paused`.' }),
    body: t.exposeString('body', { scope: 'READ', description: 'What is sent, as JSON.' }),
    status: t.expose('status', { type: StatusEnum, description: 'How far it is.' }),
    attempts: t.field({
      type: [AttemptType],
      description: 'What was tried, oldest first; at most 11.',
      resolve: ({ attempts }) => attempts as unknown as StoredAttempt[],
    }),
    nextAttemptAt: t.expose('nextAttemptAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it will be tried next; null when nothing more is tried.',
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was put on its way.' }),
  }),
})

builder.prismaObjectField(WebhookType, 'deliveries', (t) =>
  t.connection(
    {
      type: DeliveryType,
      description: 'What was and is to be sent to it, newest first.',
      resolve: ({ id }: Webhook, args, { services }) => services.webhooks.deliveries(id, args),
    },
    { name: 'WebhookDeliveryConnection', description: 'A page of deliveries.' },
    { name: 'WebhookDeliveryEdge', description: 'One of a page of deliveries.' },
  ),
)

builder.queryField('webhooks', (t) =>
  t.connection(
    {
      scope: 'ADMIN',
      type: WebhookType,
      description: 'All webhooks, newest first; at most 50.',
      resolve: (_root, args, { services }) => services.webhooks.list(args),
    },
    { name: 'WebhookConnection', description: 'A page of webhooks.' },
    { name: 'WebhookEdge', description: 'One of a page of webhooks.' },
  ),
)
