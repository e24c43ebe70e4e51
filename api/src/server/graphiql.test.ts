import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { buildSchema, parse, validate } from 'graphql'
import { describe, expect, it } from 'vitest'
import { createHttpTestServer } from '../../test/http-test-server.ts'
import { openRawHttp, rawHttp } from '../../test/raw-http.ts'
import { PLAYGROUND_TABS } from './playground-tabs.ts'

describe('the playground', () => {
  it('is served to a browser without a credential, and loads nothing from elsewhere', async () => {
    await using server = await createHttpTestServer()
    const { status, headers, body } = await rawHttp(server.port, { path: '/graphql', headers: { accept: 'text/html' } })
    expect(status).toBe(200)
    expect(headers).toMatchObject({ 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-cache' })
    expect(body).toContain('<title>Gaugeline playground</title>')
    expect(body).toContain('href="/"')
    expect(body).toContain('/sign-in')
    expect(body).toContain('"subscriptionsProtocol":"WS"')
    expect(body.match(/<(script|link)[^>]*(src|href)="https?:/)).toBeNull()
  })

  it('leads below the path of PUBLIC_URL, whether a proxy removes that path or not', async () => {
    await using server = await createHttpTestServer({ basePath: '/gaugeline' })
    for (const path of ['/gaugeline/graphql', '/graphql']) {
      const { status, body } = await rawHttp(server.port, { path, headers: { accept: 'text/html' } })
      expect(status).toBe(200)
      expect(body).toContain('href="/gaugeline/"')
      expect(body).toContain('href="/gaugeline/schema.graphql"')
      expect(body).toContain("fetch('/gaugeline/session'")
      expect(body).toContain("'/gaugeline/sign-in'")
    }
  })

  it('is compressed, and cached by its ETag', async () => {
    await using server = await createHttpTestServer()
    const headers = { accept: 'text/html', 'accept-encoding': 'gzip' }
    const first = await rawHttp(server.port, { path: '/graphql', headers })
    expect(first.headers['content-encoding']).toBe('gzip')
    expect(Number(first.headers['content-length'])).toBeLessThan(3_000_000)
    expect(first.headers.vary?.split(', ').sort()).toEqual(['Accept', 'Accept-Encoding', 'Origin'])
    const again = await rawHttp(server.port, {
      path: '/graphql',
      headers: { ...headers, 'if-none-match': first.headers.etag },
    })
    expect([again.status, again.body]).toEqual([304, ''])
  })

  it('is in memory once, however many clients ask for it uncompressed and never read it', async () => {
    await using server = await createHttpTestServer()
    const page = { path: '/graphql', headers: { accept: 'text/html' } }
    await rawHttp(server.port, page)
    const before = process.memoryUsage().arrayBuffers
    const stalled = await Promise.all(Array.from({ length: 20 }, () => openRawHttp(server.port, page)))
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(40_000_000)
    for (const response of stalled) response.destroy()
  })

  it('runs only scripts that its policy names by their hash', async () => {
    await using server = await createHttpTestServer()
    const { headers, body } = await rawHttp(server.port, { path: '/graphql', headers: { accept: 'text/html' } })
    const policy = String(headers['content-security-policy'])
    const scripts = [...body.matchAll(/<script>([\s\S]*?)<\/script>/g)].map(([, text = '']) => text)
    expect(scripts).toHaveLength(2)
    for (const script of scripts) {
      // A browser hashes the parsed text, including line ends.
      expect(script).not.toContain('\r')
      expect(policy).toContain(`'sha256-${createHash('sha256').update(script).digest('base64')}'`)
    }
    expect(policy).not.toMatch(/script-src[^;]*unsafe/)
    expect(policy).toContain("connect-src 'self'")
  })

  it('opens with documents that fit the schema', async () => {
    const schema = buildSchema(await readFile(new URL('../../schema.graphql', import.meta.url), 'utf8'))
    for (const { query, variables } of PLAYGROUND_TABS) {
      expect([query, validate(schema, parse(query))]).toEqual([query, []])
      if (variables !== undefined) JSON.parse(variables)
    }
    const kinds = PLAYGROUND_TABS.map(({ query }) => /^(query|mutation|subscription)/m.exec(query)?.[1])
    expect(kinds).toEqual(['query', 'mutation', 'subscription', 'subscription'])
  })
})
