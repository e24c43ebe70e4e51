import type { ApiToken } from '@gaugeline/prisma'
import { QuotaExceededError } from '../base/quotas.ts'
import { builder } from '../graphql/builder.ts'
import { nodesQuery } from '../graphql/connections.ts'
import { ErrorInterface } from '../graphql/errors.schema.ts'
import { inputUuid } from '../graphql/ids.ts'
import { IdempotencyConflictError } from '../idempotency/idempotency.errors.ts'
import { idempotencyKeyOf, IDEMPOTENCY_KEY } from '../idempotency/idempotency.schema.ts'
import { ApiTokenNotFoundError } from './api-token.errors.ts'
import type { NewlyMadeApiToken } from './api-tokens.ts'
import { ScopeEnum, ViewerType } from './viewer.schema.ts'

const ApiTokenType = builder.prismaNode('ApiToken', {
  id: { field: 'id' },
  nullable: true,
  scope: 'ADMIN',
  description:
    'A credential for a program, sent as `Authorization: Bearer gl_…`. Its secret is shown only once, when the token is created. Every field needs the scope ADMIN.',
  fields: (t) => ({
    name: t.exposeString('name', {
      description: 'The name that is recorded as the author of everything done with the token.',
    }),
    scopes: t.field({
      type: [ScopeEnum],
      description: 'What the token may do. No scope includes another.',
      resolve: ({ scopes }) => scopes,
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When the token was created.' }),
    createdBy: t.exposeString('createdBy', { description: 'The name of the caller who created the token.' }),
    expiresAt: t.expose('expiresAt', {
      type: 'DateTime',
      nullable: true,
      description:
        'When the token expires: from then on it is refused, and its open connections are closed. Null when it never expires.',
    }),
    lastUsedAt: t.expose('lastUsedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When the token was last used, to the minute; null when it has never been used.',
    }),
    revokedAt: t.expose('revokedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When the token was revoked; null when it has not been revoked.',
    }),
  }),
})

const ApiTokenConnection = builder.connectionObject(
  { type: ApiTokenType, name: 'ApiTokenConnection', description: 'A page of API tokens.' },
  { name: 'ApiTokenEdge', description: 'An API token and its position in the list.' },
)

builder.objectField(ViewerType, 'apiTokens', (t) =>
  t.connection(
    {
      type: ApiTokenType,
      scope: 'ADMIN',
      description: `All API tokens, newest first, including revoked and expired ones.

Example:
\`{ viewer { apiTokens(first: 20) { edges { node { name scopes lastUsedAt } } } } }\``,
      resolve: (_viewer, args, context, info) => context.services.apiTokens.list(args, nodesQuery(context, info)),
    },
    ApiTokenConnection,
  ),
)

builder.objectType(ApiTokenNotFoundError, {
  name: 'ApiTokenNotFoundError',
  description: 'There is no API token with this id.',
  interfaces: [ErrorInterface],
})

const CreateSuccess = builder.objectRef<NewlyMadeApiToken>('CreateApiTokenSuccess').implement({
  description: 'The token was created and is valid from now on.',
  fields: (t) => ({
    apiToken: t.field({ type: ApiTokenType, description: 'The new token.', resolve: ({ apiToken }) => apiToken }),
    secret: t.exposeString('secret', {
      nullable: true,
      description: `The credential to send. It is shown only once: the server keeps only its hash. Null when the call repeats an earlier one.

Example:
\`gl_…\``,
    }),
  }),
})

const RevokeSuccess = builder.objectRef<{ apiToken: ApiToken }>('RevokeApiTokenSuccess').implement({
  description: 'The token is revoked.',
  fields: (t) => ({
    apiToken: t.field({ type: ApiTokenType, description: 'The revoked token.', resolve: ({ apiToken }) => apiToken }),
  }),
})

builder.mutationFields((t) => ({
  createApiToken: t.fieldWithInput({
    scope: 'ADMIN',
    type: CreateSuccess,
    description: `Creates an API token. The answer contains its secret, which cannot be read again later.

Example:
\`createApiToken(input: { name: "bot", scopes: [READ] })\``,
    errors: { types: [QuotaExceededError, IdempotencyConflictError] },
    typeOptions: { description: 'The API token to create.' },
    input: {
      name: t.input.string({
        required: true,
        description: `The name of the program or person: 1 to 100 characters. The names "owner" and "admin" and lookalikes of them are refused.

Example:
\`training cluster\``,
      }),
      scopes: t.input.field({
        type: [ScopeEnum],
        required: true,
        description:
          'What the token may do. You can only grant scopes that you have. Without READ, a token sees only what it has just changed.',
      }),
      expiresAt: t.input.field({
        type: 'DateTime',
        description: 'When the token expires. It never expires when this is left out.',
      }),
      deploymentId: t.input.id({
        description:
          'The only deployment that the token may report for; it may report for any when this is left out. Only for a token with the scope REPORT and no other.',
      }),
      idempotencyKey: t.input.string({
        description: `${IDEMPOTENCY_KEY} A repeated call shows no secret: if the first answer was lost, revoke the token and create another.`,
      }),
    },
    resolve: (_root, { input: { idempotencyKey, deploymentId, ...input } }, { services, viewer }) => {
      const boundTo = deploymentId == null ? null : inputUuid('Deployment', 'deploymentId', deploymentId)
      const key = idempotencyKeyOf(viewer, idempotencyKey)
      return services.apiTokens.create({ ...input, deploymentId: boundTo }, viewer, key)
    },
  }),
  revokeApiToken: t.fieldWithInput({
    scope: 'ADMIN',
    type: RevokeSuccess,
    description: `Revokes an API token at once. Its open connections, and those of sessions opened with it, are closed within a second. Revoking a revoked token succeeds and changes nothing.

Example:
\`revokeApiToken(input: { apiTokenId: "QXBpVG9rZW46…" })\``,
    errors: { types: [ApiTokenNotFoundError] },
    typeOptions: { description: 'The API token to revoke.' },
    input: { apiTokenId: t.input.id({ required: true, description: 'The id of the API token.' }) },
    resolve: async (_root, { input }, { services }) => ({
      apiToken: await services.apiTokens.revoke(inputUuid('ApiToken', 'apiTokenId', input.apiTokenId)),
    }),
  }),
}))
