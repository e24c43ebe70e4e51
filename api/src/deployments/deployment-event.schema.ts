import type { DeploymentEventRecord } from '../bus/bus.ts'
import { builder } from '../graphql/builder.ts'
import { nodesQuery, objectQuery } from '../graphql/connections.ts'
import { encodeId, uuidOf } from '../graphql/ids.ts'
import { OF_POSITION } from '../graphql/of-position.ts'
import type { LogUpdate } from '../fanout/log-source.ts'
import { versionOf } from '../models/models.ts'
import { OrderDirectionEnum } from '../training/training-job.schema.ts'
import { DeploymentType } from './deployment.schema.ts'
import type { EventFilter } from './event-filter.ts'

const KindEnum = builder.enumType('DeploymentEventKind', {
  description: 'The kind of change of a deployment.',
  values: {
    DEPLOYED: { description: 'The deployment was created and is active.' },
    PAUSED: { description: 'The deployment was paused.' },
    RESUMED: { description: 'The deployment was resumed.' },
    DELETED: { description: 'The deployment was deleted.' },
    SOURCE_CHANGED: { description: 'The deployment has another source, or its source has other settings.' },
    SOURCE_UP: { description: 'The source of the deployment answers.' },
    SOURCE_DEGRADED: { description: 'The source of the deployment has failed, but not for long.' },
    SOURCE_DOWN: { description: 'The source of the deployment has failed for so long that it is down.' },
  },
})

const DeploymentEventType = builder.prismaNode('DeploymentEvent', {
  id: { field: 'id' },
  nullable: true,
  extensions: OF_POSITION,
  description:
    'A change of a deployment. The event outlives the deployment and keeps the model name and version of that time.',
  fields: (t) => ({
    cursor: t.field({
      columns: ['id', 'sequence'],
      type: 'EventCursor',
      description:
        'The position of the event in the log. Pass it to the subscription `deploymentEvents` as `after` to continue from here.',
      resolve: ({ id, sequence }, _args, { services }) => services.cursors.event({ id, sequence: Number(sequence) }),
    }),
    kind: t.expose('kind', { type: KindEnum, description: 'The kind of change.' }),
    at: t.expose('at', { type: 'DateTime', description: 'When the change happened.' }),
    by: t.exposeString('by', {
      description: 'The name of the caller who made the change; `Gaugeline` for what it found itself.',
    }),
    note: t.exposeString('note', {
      nullable: true,
      description: 'The reason that the caller gave, or what a source failed with.',
    }),
    deploymentId: t.id({
      columns: ['deploymentId'],
      description: 'The id of the deployment, which may have been deleted since.',
      resolve: ({ deploymentId }) => encodeId('Deployment', deploymentId),
    }),
    deployment: t.prismaField({
      columns: ['deploymentId'],
      type: 'Deployment',
      nullable: true,
      description: 'The deployment in its current state; null when it was deleted.',
      resolve: (query, { deploymentId }, _args, { services }, info) =>
        services.deployments.byId(deploymentId, objectQuery(query, info)),
    }),
    modelName: t.exposeString('modelName', { description: 'The name of the model of the deployment.' }),
    version: t.string({
      columns: ['versionNumber'],
      description: 'The version of the deployment.',
      resolve: ({ versionNumber }) => versionOf(versionNumber),
    }),
  }),
})

const DeploymentEventConnection = builder.connectionObject(
  { type: DeploymentEventType, name: 'DeploymentEventConnection', description: 'A page of deployment events.' },
  { name: 'DeploymentEventEdge', description: 'A deployment event and its position in the list.' },
)

const FilterInput = builder.inputType('DeploymentEventFilter', {
  description: 'Selects deployment events. An event must meet all conditions that are given.',
  fields: (t) => ({
    kind: t.field({ type: [KindEnum], description: 'The event is of one of these kinds.' }),
    model: t.string({ description: 'The model of the deployment has exactly this name.' }),
    deploymentId: t.id({ description: 'The event is of the deployment with this id, which may have been deleted.' }),
    by: t.string({ description: 'The change was made by the caller with exactly this name.' }),
    since: t.field({ type: 'DateTime', description: 'The change happened at this time or later.' }),
  }),
})

/** @throws RefusedError BAD_USER_INPUT */
function eventFilter(filter: typeof FilterInput.$inferInput | null | undefined): EventFilter {
  const { deploymentId, ...rest } = filter ?? {}
  return { ...rest, deploymentId: deploymentId == null ? null : uuidOf('Deployment', deploymentId) }
}

const OrderInput = builder.inputType('DeploymentEventOrder', {
  description: 'The order of deployment events.',
  fields: (t) => ({
    field: t.field({
      type: builder.enumType('DeploymentEventOrderField', {
        description: 'The fields by which deployment events can be sorted.',
        values: { AT: { description: 'The time of the event: the order of the log.' } },
      }),
      required: true,
      description: 'The field to sort by.',
    }),
    direction: t.field({ type: OrderDirectionEnum, required: true, description: 'The direction to sort in.' }),
  }),
})

const filterArg = { type: FilterInput, description: 'Which events to list; all when it is left out.' } as const
const orderByArg = { type: OrderInput, description: 'The order of the list.' } as const
const BOTH_CURSORS =
  'Besides the cursors of pages, `after` and `before` take the cursors of events, as `DeploymentEvent.cursor`, the subscription `deploymentEvents` and webhooks have them. They are positions in the log: with the direction ASC, the page after one holds what happened since.'

builder.queryField('eventCursor', (t) =>
  t.field({
    scope: 'READ',
    type: 'EventCursor',
    description: `The current end of the log of lifecycle events. Pass it to the subscription \`deploymentEvents\` as \`after\`: it begins with what happens from now on, and a subscriber that is cut before the first event still knows where to resume. In a query together with a list, it is taken before the list is read, so that nothing lies between the list and the subscription.

Example:
\`{ eventCursor deployments(first: 100) { edges { node { id status } } } }\``,
    resolve: (_root, _args, { services }) => services.eventLog.cursor(),
  }),
)

builder.queryField('deploymentEvents', (t) =>
  t.connection(
    {
      scope: 'READ',
      type: DeploymentEventType,
      description: `Lists the lifecycle events of all deployments, including deleted ones, newest first by default. ${BOTH_CURSORS}

Example:
\`deploymentEvents(first: 10, filter: { kind: [PAUSED] }) { nodes { at by note } }\``,
      args: { filter: t.arg(filterArg), orderBy: t.arg(orderByArg) },
      resolve: (_root, args, context, info) =>
        context.services.deployments.events([eventFilter(args.filter)], args.orderBy, args, nodesQuery(context, info)),
    },
    DeploymentEventConnection,
  ),
)

builder.prismaObjectField(DeploymentType, 'events', (t) =>
  t.connection(
    {
      type: DeploymentEventType,
      columns: [],
      description: `The lifecycle events of the deployment, newest first by default. ${BOTH_CURSORS}`,
      args: { filter: t.arg(filterArg), orderBy: t.arg(orderByArg) },
      resolve: ({ id }, args, context, info) =>
        context.services.deployments.events(
          [{ deploymentId: id }, eventFilter(args.filter)],
          args.orderBy,
          args,
          nodesQuery(context, info),
        ),
    },
    DeploymentEventConnection,
  ),
)

const UpdateType = builder.objectRef<LogUpdate<DeploymentEventRecord>>('DeploymentEventUpdate').implement({
  extensions: OF_POSITION,
  description: 'One event of the log, and where to resume after it.',
  fields: (t) => ({
    cursor: t.field({
      type: 'EventCursor',
      description: 'The position of this event. Pass it as `after` to resume right after it.',
      resolve: ({ entry }, _args, { services }) => services.cursors.event(entry),
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
    description: `Follows the log of lifecycle events, of one deployment or of all. The subscription begins right after the cursor \`after\`, or with the next event when it is left out. Events come in order, each exactly once. A cursor that does not belong to the log is refused as \`CURSOR_INVALID\`; the subscription ends with the same code when the database is restored to an earlier state.

Example:
\`deploymentEvents { cursor event { kind by note } }\``,
    args: {
      deploymentId: t.arg.id({ description: 'The deployment to follow; all deployments when it is left out.' }),
      after: t.arg({ type: 'EventCursor', description: 'The subscription resumes right after this cursor.' }),
    },
    subscribe: (_root, { deploymentId, after }, { services, lastEventId }) =>
      services.eventLog.follow({
        ...(deploymentId == null ? {} : { deploymentId: uuidOf('Deployment', deploymentId) }),
        cursor: lastEventId ?? after ?? null,
      }),
    resolve: (update) => update,
  }),
)
