import type { ApiToken } from '@gaugeline/prisma'
import { InvalidInputError } from '../base/errors.ts'
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
    'What a program calls with, as `Authorization: Bearer gl_…`. Its secret is told once, when it is made. Every field needs the scope ADMIN.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'Stands as "by whom" on everything done with it.' }),
    scopes: t.field({
      type: [ScopeEnum],
      description: 'What it may do. None holds another.',
      resolve: ({ scopes }) => scopes,
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was made.' }),
    createdBy: t.exposeString('createdBy', { description: 'Who made it.' }),
    expiresAt: t.expose('expiresAt', {
      type: 'DateTime',
      nullable: true,
      description: 'From then on it is refused, and what is open for it is closed; null: never.',
    }),
    lastUsedAt: t.expose('lastUsedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it was last used, to the minute; null: never.',
    }),
    revokedAt: t.expose('revokedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it was revoked; null: it was not.',
    }),
  }),
})

const ApiTokenConnection = builder.connectionObject(
  { type: ApiTokenType, name: 'ApiTokenConnection', description: 'A page of API tokens.' },
  { name: 'ApiTokenEdge', description: 'One of a page of API tokens.' },
)

builder.objectField(ViewerType, 'apiTokens', (t) =>
  t.connection(
    {
      type: ApiTokenType,
      scope: 'ADMIN',
      description:
        'All API tokens, newest first, revoked and expired ones included. Like `{ viewer { apiTokens(first: 20) { edges { node { name scopes lastUsedAt } } } } }`.',
      resolve: (_viewer, args, context, info) => context.services.apiTokens.list(args, nodesQuery(context, info)),
    },
    ApiTokenConnection,
  ),
)

builder.objectType(ApiTokenNotFoundError, {
  name: 'ApiTokenNotFoundError',
  description: 'No API token has this id.',
  interfaces: [ErrorInterface],
})

const CreateInput = builder.inputType('CreateApiTokenInput', {
  description: 'What the token is for.',
  fields: (t) => ({
    name: t.string({
      required: true,
      description:
        'Who it is, like "training cluster": 1 to 100 characters, not "owner" or "admin", nor what looks so.',
    }),
    scopes: t.field({
      type: [ScopeEnum],
      required: true,
      description:
        'What it may do: scopes that you have yourself. READ is needed to see more than what was just changed.',
    }),
    expiresAt: t.field({ type: 'DateTime', description: 'When it ends; never when left out.' }),
    idempotencyKey: t.string({
      description: `${IDEMPOTENCY_KEY} The repetition shows no secret: if the first answer was lost, revoke the token and make another.`,
    }),
  }),
})

const CreateSuccess = builder.objectRef<NewlyMadeApiToken>('CreateApiTokenSuccess').implement({
  description: 'The token is good from now on.',
  fields: (t) => ({
    apiToken: t.field({ type: ApiTokenType, description: 'The token.', resolve: ({ apiToken }) => apiToken }),
    secret: t.exposeString('secret', {
      nullable: true,
      description:
        'What to send, like `gl_…`. Shown this once: only its hash is kept. Null when the call repeats an earlier one.',
    }),
  }),
})

const RevokeInput = builder.inputType('RevokeApiTokenInput', {
  description: 'Which API token to revoke.',
  fields: (t) => ({ apiTokenId: t.id({ required: true, description: 'Its id.' }) }),
})

const RevokeSuccess = builder.objectRef<{ apiToken: ApiToken }>('RevokeApiTokenSuccess').implement({
  description: 'The token is good no more.',
  fields: (t) => ({
    apiToken: t.field({ type: ApiTokenType, description: 'As it is now.', resolve: ({ apiToken }) => apiToken }),
  }),
})

builder.mutationFields((t) => ({
  createApiToken: t.field({
    scope: 'ADMIN',
    type: CreateSuccess,
    description:
      'Makes an API token. Its secret is in the answer and nowhere else. Like `createApiToken(input: { name: "bot", scopes: [READ] })`.',
    errors: {
      types: [IdempotencyConflictError, InvalidInputError],
      union: { name: 'CreateApiTokenResult', description: 'Its success, and what a caller can mend.' },
    },
    args: { input: t.arg({ type: CreateInput, required: true, description: 'What the token is for.' }) },
    resolve: (_root, { input: { idempotencyKey, ...input } }, { services, viewer }) =>
      services.apiTokens.create(input, viewer, idempotencyKeyOf(viewer, idempotencyKey)),
  }),
  revokeApiToken: t.field({
    scope: 'ADMIN',
    type: RevokeSuccess,
    description:
      'Ends an API token at once: its sockets and streams, and those of sessions opened with it, are closed within a second. Revoking what is revoked succeeds and changes nothing. Like `revokeApiToken(input: { apiTokenId: "QXBpVG9rZW46…" })`.',
    errors: {
      types: [ApiTokenNotFoundError, InvalidInputError],
      union: { name: 'RevokeApiTokenResult', description: 'Its success, and what a caller can mend.' },
    },
    args: { input: t.arg({ type: RevokeInput, required: true, description: 'Which one.' }) },
    resolve: async (_root, { input }, { services }) => ({
      apiToken: await services.apiTokens.revoke(inputUuid('ApiToken', 'apiTokenId', input.apiTokenId)),
    }),
  }),
}))
