import { serverAudits } from 'graphql-http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ADMIN_TOKEN, createHttpTestServer, type HttpTestServer } from './http-test-server.ts'

let server: HttpTestServer
beforeAll(async () => {
  server = await createHttpTestServer()
})
afterAll(() => server[Symbol.asyncDispose]())

async function fetchWithToken(url: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers)
  headers.set('authorization', `Bearer ${ADMIN_TOKEN}`)
  return await fetch(url, { ...init, headers })
}

const audits = serverAudits({ url: () => `${server.origin}/graphql`, fetchFn: fetchWithToken })

describe('GraphQL over HTTP, by the audits of graphql-http', () => {
  it('has 61 of them', () => {
    expect(audits).toHaveLength(61)
  })

  it.each(audits.map(({ id, name, fn }) => ({ id, name, fn })))('$id: $name', async ({ fn }) => {
    const { status, ...rest } = await fn()
    expect({ status, reason: 'reason' in rest ? rest.reason : undefined }).toEqual({ status: 'ok', reason: undefined })
  })
})
