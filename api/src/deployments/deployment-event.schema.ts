import type { DeploymentEventRecord } from '../bus/bus.ts'
import { builder } from '../graphql/builder.ts'
import { encodeId, uuidOf } from '../graphql/ids.ts'
import type { LogUpdate } from '../fanout/log-source.ts'
import { versionOf } from '../models/models.ts'
import { DeploymentType } from './deployment.schema.ts'

const KindEnum = builder.enumType('DeploymentEventKind', {
  description: 'What happened to a deployment.',
  values: {
    DEPLOYED: { description: 'It was made, and is active.' },
    PAUSED: { description: 'Its samples stopped.' },
    RESUMED: { description: 'Its samples go on.' },
    DELETED: { description: 'It is gone.' },
  },
})

const DeploymentEventType = builder.prismaNode('DeploymentEvent', {
  id: { field: 'id' },
  nullable: true,
  description: 'A change of a deployment. Outlives it: names and version are kept as they were.',
  fields: (t) => ({
    cursor: t.field({
      type: 'EventCursor',
      description: 'Where it stands in the log: deploymentEvents(after:) goes on after it.',
      resolve: ({ sequence }, _args, { services }) => services.cursors.event(Number(sequence)),
    }),
    kind: t.expose('kind', { type: KindEnum, description: 'What happened.' }),
    at: t.expose('at', { type: 'DateTime', description: 'When.' }),
    by: t.exposeString('by', { description: 'By whom.' }),
    note: t.exposeString('note', { nullable: true, description: 'Why, in their words.' }),
    deploymentId: t.id({
      description: 'Of which deployment; it may be gone.',
      resolve: ({ deploymentId }) => encodeId('Deployment', deploymentId),
    }),
    deployment: t.prismaField({
      type: 'Deployment',
      nullable: true,
      description: 'The deployment as it is now; null when it was deleted.',
      resolve: (query, { deploymentId }, _args, { services }) => services.deployments.byId(deploymentId, query),
    }),
    modelName: t.exposeString('modelName', { description: "Its model's name." }),
    version: t.string({ description: 'Its version.', resolve: ({ versionNumber }) => versionOf(versionNumber) }),
  }),
})

const DeploymentEventConnection = builder.connectionObject(
  { type: DeploymentEventType, name: 'DeploymentEventConnection', description: 'A page of deployment events.' },
  { name: 'DeploymentEventEdge', description: 'One of a page of deployment events.' },
)

builder.queryField('deploymentEvents', (t) =>
  t.connection(
    {
      scope: 'READ',
      type: DeploymentEventType,
      description:
        'All lifecycle events, those of deleted deployments too, newest first. Like `deploymentEvents(first: 10) { edges { node { at kind by note } } }`.',
      resolve: (_root, args, { services }) => services.deployments.events(null, args),
    },
    DeploymentEventConnection,
  ),
)

builder.prismaObjectField(DeploymentType, 'events', (t) =>
  t.connection(
    {
      type: DeploymentEventType,
      description: 'What happened to it, newest first.',
      resolve: (deployment, args, { services }) => services.deployments.events(deployment.id, args),
    },
    DeploymentEventConnection,
  ),
)

const UpdateType = builder.objectRef<LogUpdate<DeploymentEventRecord>>('DeploymentEventUpdate').implement({
  description: 'One event of the log.',
  fields: (t) => ({
    cursor: t.field({
      type: 'EventCursor',
      description: 'Where to resume: pass it as `after`.',
      resolve: ({ entry }, _args, { services }) => services.cursors.event(entry.sequence),
    }),
    skipped: t.int({
      description: 'Events missed right before this one. Always 0: events are never removed.',
      resolve: ({ skipped }) => skipped,
    }),
    event: t.field({
      type: DeploymentEventType,
      description: 'What happened.',
      resolve: ({ entry }) => ({ ...entry, sequence: BigInt(entry.sequence) }),
    }),
  }),
})

builder.subscriptionField('deploymentEvents', (t) =>
  t.field({
    scope: 'READ',
    type: UpdateType,
    description:
      'A log: lifecycle events, of one deployment or of all; from now on, or right after `after`. Like `deploymentEvents { cursor event { kind by note } }`.',
    args: {
      deploymentId: t.arg.id({ description: 'Of which deployment; of all when left out.' }),
      after: t.arg({ type: 'EventCursor', description: 'Resume right after this cursor.' }),
    },
    subscribe: (_root, { deploymentId, after }, { services }) =>
      services.eventLog.follow({
        ...(deploymentId == null ? {} : { deploymentId: uuidOf('Deployment', deploymentId) }),
        cursor: after ?? null,
      }),
    resolve: (update) => update,
  }),
)
