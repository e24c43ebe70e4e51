import type { DeploymentEventRecord } from '../bus/bus.ts'
import { builder } from '../graphql/builder.ts'
import { encodeId, uuidOf } from '../graphql/ids.ts'
import type { LogUpdate } from '../fanout/log-source.ts'
import { versionOf } from '../models/models.ts'
import { DeploymentType } from './deployment.schema.ts'

const KindEnum = builder.enumType('DeploymentEventKind', {
  description: 'The kind of change of a deployment.',
  values: {
    DEPLOYED: { description: 'The deployment was created and is active.' },
    PAUSED: { description: 'The deployment was paused.' },
    RESUMED: { description: 'The deployment was resumed.' },
    DELETED: { description: 'The deployment was deleted.' },
  },
})

const DeploymentEventType = builder.prismaNode('DeploymentEvent', {
  id: { field: 'id' },
  nullable: true,
  description:
    'A change of a deployment. The event outlives the deployment and keeps the model name and version of that time.',
  fields: (t) => ({
    cursor: t.field({
      type: 'EventCursor',
      description:
        'The position of the event in the log. Pass it to the subscription `deploymentEvents` as `after` to continue from here.',
      resolve: ({ sequence }, _args, { services }) => services.cursors.event(Number(sequence)),
    }),
    kind: t.expose('kind', { type: KindEnum, description: 'The kind of change.' }),
    at: t.expose('at', { type: 'DateTime', description: 'When the change happened.' }),
    by: t.exposeString('by', { description: 'The name of the caller who made the change.' }),
    note: t.exposeString('note', { nullable: true, description: 'The reason that the caller gave.' }),
    deploymentId: t.id({
      description: 'The id of the deployment, which may have been deleted since.',
      resolve: ({ deploymentId }) => encodeId('Deployment', deploymentId),
    }),
    deployment: t.prismaField({
      type: 'Deployment',
      nullable: true,
      description: 'The deployment in its current state; null when it was deleted.',
      resolve: (query, { deploymentId }, _args, { services }) => services.deployments.byId(deploymentId, query),
    }),
    modelName: t.exposeString('modelName', { description: 'The name of the model of the deployment.' }),
    version: t.string({
      description: 'The version of the deployment.',
      resolve: ({ versionNumber }) => versionOf(versionNumber),
    }),
  }),
})

const DeploymentEventConnection = builder.connectionObject(
  { type: DeploymentEventType, name: 'DeploymentEventConnection', description: 'A page of deployment events.' },
  { name: 'DeploymentEventEdge', description: 'A deployment event and its position in the list.' },
)

builder.queryField('eventCursor', (t) =>
  t.field({
    scope: 'READ',
    type: 'EventCursor',
    description: `The current end of the log of lifecycle events. Pass it to the subscription \`deploymentEvents\` as \`after\`: it begins with what happens from now on, and a subscriber that is cut before the first event still knows where to resume. In a query together with a list, it is taken before the list is read, so that nothing lies between the list and the subscription.

Example:
\`{ eventCursor deployments(first: 100) { edges { node { id status } } } }\``,
    resolve: (_root, _args, { services }) => services.eventLog.cursor,
  }),
)

builder.queryField('deploymentEvents', (t) =>
  t.connection(
    {
      scope: 'READ',
      type: DeploymentEventType,
      description: `Lists the lifecycle events of all deployments, including deleted ones, newest first.

Example:
\`deploymentEvents(first: 10) { edges { node { at kind by note } } }\``,
      resolve: (_root, args, { services }) => services.deployments.events(null, args),
    },
    DeploymentEventConnection,
  ),
)

builder.prismaObjectField(DeploymentType, 'events', (t) =>
  t.connection(
    {
      type: DeploymentEventType,
      description: 'The lifecycle events of the deployment, newest first.',
      resolve: (deployment, args, { services }) => services.deployments.events(deployment.id, args),
    },
    DeploymentEventConnection,
  ),
)

const UpdateType = builder.objectRef<LogUpdate<DeploymentEventRecord>>('DeploymentEventUpdate').implement({
  description: 'One event of the log, and where to resume after it.',
  fields: (t) => ({
    cursor: t.field({
      type: 'EventCursor',
      description: 'The position of this event. Pass it as `after` to resume right after it.',
      resolve: ({ entry }, _args, { services }) => services.cursors.event(entry.sequence),
    }),
    skipped: t.int({
      description:
        'The number of events that were missed right before this one. It is always 0, because events are never removed.',
      resolve: ({ skipped }) => skipped,
    }),
    event: t.field({
      type: DeploymentEventType,
      description: 'The event.',
      resolve: ({ entry }) => ({ ...entry, sequence: BigInt(entry.sequence) }),
    }),
  }),
})

builder.subscriptionField('deploymentEvents', (t) =>
  t.field({
    scope: 'READ',
    type: UpdateType,
    description: `Follows the log of lifecycle events, of one deployment or of all. The subscription begins right after the cursor \`after\`, or with the next event when it is left out. Events come in order, each exactly once. A cursor that does not belong to the log is refused as \`CURSOR_INVALID\`.

Example:
\`deploymentEvents { cursor event { kind by note } }\``,
    args: {
      deploymentId: t.arg.id({ description: 'The deployment to follow; all deployments when it is left out.' }),
      after: t.arg({ type: 'EventCursor', description: 'The subscription resumes right after this cursor.' }),
    },
    subscribe: (_root, { deploymentId, after }, { services }) =>
      services.eventLog.follow({
        ...(deploymentId == null ? {} : { deploymentId: uuidOf('Deployment', deploymentId) }),
        cursor: after ?? null,
      }),
    resolve: (update) => update,
  }),
)
