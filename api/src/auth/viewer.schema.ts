import { builder } from '../graphql/builder.ts'
import { OF_CALLER } from '../graphql/of-caller.ts'
import { SCOPES, type Viewer } from '../base/viewer.ts'

export const ScopeEnum = builder.enumType('Scope', {
  description:
    'What a caller may do. No scope includes another: a token that may only deploy reads nothing but what it has just deployed.',
  values: {
    READ: { description: 'Read and follow models, training jobs, deployments and their metrics.' },
    DEPLOY: { description: 'Deploy training jobs, and pause, resume and delete deployments.' },
    TRAIN: { description: 'Register, start, update, cancel and delete training jobs.' },
    ADMIN: { description: 'Create, list and revoke API tokens, and manage webhooks.' },
    REPORT: { description: 'Report what deployments have served.' },
  } satisfies Record<(typeof SCOPES)[number], object>,
})

export const ViewerType = builder.objectRef<Viewer>('Viewer').implement({
  description: 'The authenticated caller.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'The name that is recorded as the author of what the caller does.' }),
    scopes: t.field({
      type: [ScopeEnum],
      description: 'What the caller may do.',
      resolve: (viewer) => SCOPES.filter((scope) => viewer.scopes.has(scope)),
    }),
  }),
})

builder.queryField('viewer', (t) =>
  t.field({
    scope: null,
    extensions: OF_CALLER,
    type: ViewerType,
    description: `The authenticated caller.

Example:
\`viewer { name scopes }\``,
    resolve: (_root, _args, { viewer }) => viewer,
  }),
)
