import * as limits from '../base/limits.ts'
import { DEFAULT_PAGE, MAX_PAGE } from '../base/page.ts'
import type { SampleRetention, ServerInfo } from '../base/server-info.ts'
import type { Quotas } from '../base/quotas.ts'
import { builder } from './builder.ts'

const RetentionType = builder.objectRef<SampleRetention>('SampleRetention').implement({
  description: 'How long samples of one resolution are kept.',
  fields: (t) => ({
    resolutionSeconds: t.float({
      description: 'The length of the windows, in seconds.',
      resolve: ({ resolutionMs }) => resolutionMs / 1000,
    }),
    keptSeconds: t.float({
      description: 'For how long they are kept, in seconds. Afterwards they are removed.',
      resolve: ({ keepMs }) => keepMs / 1000,
    }),
  }),
})

/** Those that a client can keep to; docs/limits.md lists all. */
const LIMITS = {
  defaultPageSize: [DEFAULT_PAGE, 'The page size when neither `first` nor `last` is given.'],
  maxPageSize: [MAX_PAGE, 'The largest page size, and the largest number of ids for `nodes`.'],
  maxCost: [limits.MAX_COST, 'The points that one operation may cost.'],
  costPerSecond: [
    limits.BUDGETS.operations.perSecond,
    'The points that a caller may spend per second in the long run.',
  ],
  costAtOnce: [limits.BUDGETS.operations.capacity, 'The points that a caller may spend at once, after a pause.'],
  maxRunningCost: [
    limits.MAX_RUNNING_COST,
    'The points that the distinct subscriptions of a caller may cost together while they run.',
  ],
  maxDepth: [limits.DOCUMENT_LIMITS.depth, 'The levels of fields within fields in a document.'],
  maxAliases: [limits.DOCUMENT_LIMITS.aliases, 'The aliases in a document.'],
  maxBodyBytes: [limits.MAX_GRAPHQL_BODY_BYTES, 'The size of the body of a POST, in bytes.'],
  maxMessageBytes: [limits.MAX_FRAME_BYTES, 'The size of a message to a WebSocket, in bytes.'],
  maxSubscriptionsPerSocket: [limits.MAX_SUBSCRIPTIONS_PER_SOCKET, 'The subscriptions of one WebSocket.'],
  maxConnections: [
    limits.MAX_LIVE_CONNECTIONS_PER_CALLER,
    'The WebSockets and event streams that a caller may have open at the same time.',
  ],
} as const satisfies Record<string, readonly [number, string]>

/** Of the whole server, as it is set up. */
const QUOTAS: Readonly<Record<string, readonly [keyof Quotas, string]>> = {
  maxActiveDeployments: ['activeDeployments', 'The active deployments of the server.'],
  maxSimulatedRuns: ['simulatedRuns', 'The simulated training jobs that are queued or running on the server.'],
  maxStepsPerTrainingJob: ['stepsPerTrainingJob', 'The steps in the loss curve of one training job.'],
  maxApiTokens: ['apiTokens', 'The API tokens of the server that are neither revoked nor expired.'],
  maxWebhooks: ['webhooks', 'The webhooks of the server.'],
}

const LimitsType = builder.objectRef<Quotas>('ServerLimits').implement({
  description: 'The limits that a client can keep to. The page docs/limits.md explains them, and lists all others.',
  fields: (t) => ({
    ...Object.fromEntries(
      Object.entries(LIMITS).map(([name, [value, description]]) => [
        name,
        t.int({ description, resolve: () => value }),
      ]),
    ),
    ...Object.fromEntries(
      Object.entries(QUOTAS).map(([name, [quota, description]]) => [name, t.exposeInt(quota, { description })]),
    ),
  }),
})

const ServerInfoType = builder.objectRef<ServerInfo>('ServerInfo').implement({
  description: 'What the server says of itself.',
  fields: (t) => ({
    version: t.exposeString('version', {
      description: `The version of the server. The page docs/stability.md says what a new version may change.

Example:
\`0.1.0\``,
    }),
    time: t.field({
      type: 'DateTime',
      description: "The time now, by the server's clock: the one that windows are recorded by.",
      resolve: ({ clock }) => new Date(clock.now()),
    }),
    sampleIntervalSeconds: t.float({
      description:
        'The length of the windows that are recorded, in seconds: an active deployment has a sample for each.',
      resolve: ({ intervalMs }) => intervalMs / 1000,
    }),
    retention: t.field({
      type: [RetentionType],
      description: 'How long samples are kept, finest resolution first. Events are kept for ever.',
      resolve: ({ retention }) => [...retention],
    }),
    limits: t.field({
      type: LimitsType,
      description: 'The limits that a client can keep to.',
      resolve: ({ quotas }) => quotas,
    }),
  }),
})

builder.queryField('serverInfo', (t) =>
  t.field({
    scope: 'READ',
    type: ServerInfoType,
    description: `What the server says of itself: its version, what it records and keeps, its limits and its clock.

Example:
\`serverInfo { version sampleIntervalSeconds retention { resolutionSeconds keptSeconds } limits { maxPageSize } }\``,
    resolve: (_root, _args, { services }) => services.serverInfo,
  }),
)
