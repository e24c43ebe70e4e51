import type { Scope } from '../src/base/viewer.ts'
import type { GraphQLTestClient } from './graphql-client.ts'

export interface NewToken {
  name: string
  scopes: readonly Scope[]
  expiresAt?: Date
}

/** Makes an API token. */
export async function createToken(client: GraphQLTestClient, input: NewToken): Promise<{ id: string; secret: string }> {
  const { createApiToken } = await client.data<{ createApiToken: { secret: string; apiToken: { id: string } } }>(
    `mutation ($input: CreateApiTokenInput!) { createApiToken(input: $input) { __typename
      ... on CreateApiTokenSuccess { secret apiToken { id } } } }`,
    { input },
  )
  if (createApiToken.secret === undefined) throw new Error(`Not made: ${JSON.stringify({ input, createApiToken })}`)
  return { id: createApiToken.apiToken.id, secret: createApiToken.secret }
}

export async function revokeToken(client: GraphQLTestClient, apiTokenId: string): Promise<{ revokedAt: string }> {
  const { revokeApiToken } = await client.data<{ revokeApiToken: { apiToken: { revokedAt: string } } }>(
    `mutation ($apiTokenId: ID!) { revokeApiToken(input: { apiTokenId: $apiTokenId }) { __typename
      ... on RevokeApiTokenSuccess { apiToken { revokedAt } } } }`,
    { apiTokenId },
  )
  return revokeApiToken.apiToken
}

/** Signs in as the sign-in page does, and gives the `Cookie` header of the session. */
export async function openSession(origin: string, offer: { token: string } | { secret: string }): Promise<string> {
  const response = await fetch(`${origin}/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(offer),
  })
  const [cookie] = response.headers.getSetCookie()
  if (response.status !== 200 || cookie === undefined) throw new Error(`Not signed in: ${response.status}`)
  return cookie.split(';')[0] ?? ''
}
