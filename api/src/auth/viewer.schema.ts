import { builder } from '../graphql/builder.ts'
import { SCOPES, type Viewer } from '../base/viewer.ts'

export const ScopeEnum = builder.enumType('Scope', {
  description:
    'What a caller may do. None holds another: a token that only deploys reads nothing but what it deployed.',
  values: {
    READ: { description: 'Read and follow models, training jobs, deployments and their metrics.' },
    DEPLOY: { description: 'Deploy, pause, resume and delete deployments.' },
    TRAIN: { description: 'Register, start, update, cancel and delete training jobs.' },
    ADMIN: { description: 'Make, see and revoke API tokens.' },
  } satisfies Record<(typeof SCOPES)[number], object>,
})

export const ViewerType = builder.objectRef<Viewer>('Viewer').implement({
  description: 'Who the caller is.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'The name that stands on what they do.' }),
    scopes: t.field({
      type: [ScopeEnum],
      description: 'What they may do.',
      resolve: (viewer) => SCOPES.filter((scope) => viewer.scopes.has(scope)),
    }),
  }),
})

builder.queryField('viewer', (t) =>
  t.field({
    scope: null,
    type: ViewerType,
    description: 'Who is asking.',
    resolve: (_root, _args, { viewer }) => viewer,
  }),
)
