import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { ApolloClient, type ApolloLink, CombinedProtocolErrors, gql, HttpLink, InMemoryCache } from '@apollo/client'
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries'
import { GraphQLWsLink } from '@apollo/client/link/subscriptions'
import { testDatabaseKinds } from '@gaugeline/prisma/testing'
import { createClient } from 'graphql-ws'
import { filter, firstValueFrom, take, toArray } from 'rxjs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { createToken, revokeToken } from './access.ts'
import { deploy } from './acts.ts'
import { ADMIN_TOKEN, createTestApp, type TestApp } from './create-test-app.ts'

const run = promisify(execFile)
const authorization = `Bearer ${ADMIN_TOKEN}`
const VIEWER = gql`
  query Who {
    viewer {
      name
    }
  }
`
const WATCH = gql`
  subscription Watch($id: ID!) {
    inferenceMetrics(deploymentId: $id) {
      cursor
      metrics {
        requestsPerSecond
        latency {
          p99Ms
        }
      }
    }
  }
`
/** Whether a program is on this machine. */
async function has(command: string, ...args: string[]): Promise<boolean> {
  return await run(command, args).then(
    () => true,
    () => false,
  )
}

const [hasJava, hasCurl] = await Promise.all([has('java', '--version'), has('curl', '--version')])

describe.each((await testDatabaseKinds()).slice(0, 1))('clients that others have made', (kind) => {
  let app: TestApp
  const sent: { accept: string | undefined; method: string; hasQuery: boolean }[] = []
  beforeAll(async () => {
    app = await createTestApp(kind, { sampleIntervalMs: 100 })
  })
  afterAll(() => app[Symbol.asyncDispose]())

  /** Fetches, and notes what is sent. */
  const noting: typeof fetch = async (url, init = {}) => {
    const hasQuery = typeof init.body === 'string' && init.body.includes('"query"')
    sent.push({ accept: new Headers(init.headers).get('accept') ?? undefined, method: init.method ?? 'GET', hasQuery })
    return await fetch(url, init)
  }
  const httpLink = (token = authorization) =>
    new HttpLink({ uri: `${app.origin}/graphql`, headers: { authorization: token }, fetch: noting })
  const apollo = (link: ApolloLink) => new ApolloClient({ link, cache: new InMemoryCache() })
  const watch = (link: ApolloLink, id: string) =>
    apollo(link).subscribe<Record<string, unknown>>({ query: WATCH, variables: { id }, fetchPolicy: 'no-cache' })

  it('Apollo Client asks, with the __typename that it adds to each selection', async () => {
    const { data } = await apollo(httpLink()).query({ query: VIEWER })
    expect(data).toMatchObject({ viewer: { __typename: 'Viewer', name: 'admin' } })
  })

  it.each([false, true])(
    'Apollo Client sends the document when its hash is not enough (by GET: %s)',
    async (useGet) => {
      sent.length = 0
      const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')
      const client = apollo(new PersistedQueryLink({ sha256, useGETForHashedQueries: useGet }).concat(httpLink()))
      for (let i = 0; i < 2; i += 1) {
        const { data } = await client.query({ query: VIEWER, fetchPolicy: 'no-cache' })
        expect(data).toMatchObject({ viewer: { name: 'admin' } })
      }
      // From then on it does not try hashes any more.
      expect(sent.map(({ hasQuery }) => hasQuery)).toEqual([false, true, true])
      expect(sent[0]?.method).toBe(useGet ? 'GET' : 'POST')
    },
  )

  it('Apollo Client follows a deployment over WebSocket', async () => {
    const id = await deploy(app.client)
    const client = createClient({
      url: `${app.origin.replace(/^http/, 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      connectionParams: { authorization },
    })
    const updates = await firstValueFrom(watch(new GraphQLWsLink(client), id).pipe(take(2), toArray()))
    for (const { data } of updates) expect(data).toMatchObject({ inferenceMetrics: { __typename: expect.anything() } })
    await client.dispose()
  })

  it('Apollo Client follows a deployment over HTTP, in parts', async () => {
    const id = await deploy(app.client)
    sent.length = 0
    const updates = await firstValueFrom(watch(httpLink(), id).pipe(take(3), toArray()))
    expect(sent[0]?.accept).toContain('multipart/mixed;boundary=graphql;subscriptionSpec=1.0')
    const updatesOf = updates.map(({ data }) => data?.['inferenceMetrics'] as { cursor: string })
    expect(new Set(updatesOf.map(({ cursor }) => cursor)).size).toBe(3)
  })

  it('Apollo Client is told over HTTP why its subscription does not begin, or has ended', async () => {
    const id = await deploy(app.client)
    const missing = await firstValueFrom(watch(httpLink(), 'nothing'))
    expect(missing.error?.message).toContain('id')
    const { secret, id: tokenId } = await createToken(app.client, { name: 'apollo', scopes: ['READ'] })
    const results = watch(httpLink(`Bearer ${secret}`), id)
    const ended = firstValueFrom(results.pipe(filter(({ error }) => error !== undefined)))
    await firstValueFrom(watch(httpLink(), id))
    await revokeToken(app.client, tokenId)
    const { error } = await ended
    expect(CombinedProtocolErrors.is(error) && error.errors).toMatchObject([
      { message: 'Token revoked.', extensions: { code: 'UNAUTHENTICATED' } },
    ])
  })

  // Java takes seconds to start on a busy machine.
  it.skipIf(!hasJava)('Java’s own HTTP client asks, if java is installed', { timeout: 120_000 }, async () => {
    const program = fileURLToPath(new URL('JavaClient.java', import.meta.url))
    const { stdout } = await run('java', ['-XX:TieredStopAtLevel=1', program, app.origin, ADMIN_TOKEN])
    const answer = expect.stringMatching(/^200 \{"data":\{"viewer":\{"name":"admin"\}\}/) as unknown
    expect(stdout.trim().split('\n')).toEqual([answer, answer, answer, '200'])
  })

  it.skipIf(!hasCurl)('curl asks when it prefers HTTP/2, if curl is installed', async () => {
    const headers = ['-H', `authorization: ${authorization}`, '-H', 'content-type: application/json']
    const more = ['--http2', '--silent', '--show-error', ...headers, '--data', '{"query":"{ viewer { name } }"}']
    const { stdout } = await run('curl', [
      ...more,
      `${app.origin}/graphql`,
      `${app.origin.replace('127.0.0.1', 'localhost')}/graphql`,
    ])
    expect(stdout.match(/\{"data":\{"viewer":\{"name":"admin"\}\}/g)).toHaveLength(2)
  })

  it.skipIf(!hasCurl)(
    'curl unpacks answers, and is told by an ETag that it has one, if curl is installed',
    async () => {
      const ask = async (...more: string[]) => {
        const query = ['--get', '--data-urlencode', 'query={ __schema { types { name description } } }']
        const headers = ['-H', `authorization: ${authorization}`, ...more]
        const all = ['--silent', '--show-error', '--include', '--compressed', ...query, ...headers]
        return (await run('curl', [...all, `${app.origin}/graphql`])).stdout
      }
      const first = await ask()
      expect(first).toMatch(/^Content-Encoding: (br|gzip)\r$/m)
      expect(first).toMatch(/\r\n\r\n\{"data":\{"__schema".*"remaining":\d+\}\}\}$/)
      // What the answer cost, and what remains of the budget, is another thing each time.
      const again = await ask('-H', `if-none-match: ${/^ETag: (.*)\r$/m.exec(first)?.[1]}`)
      expect(again).toMatch(/^HTTP\/1.1 304 [^]*\r\n\r\n$/)
    },
  )
})
