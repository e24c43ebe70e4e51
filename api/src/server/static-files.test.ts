import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createHttpTestServer } from '../../test/http-test-server.ts'
import { openRawHttp, rawHttp, readBytes } from '../../test/raw-http.ts'

const SCRIPTS = '<script>inline()</script><script type="module" src="/assets/app-1a2b.js"></script>'
const INDEX = `<!doctype html>${SCRIPTS}${'<p>'.repeat(500)}`
const html = { accept: 'text/html' }
let parent: string
let clientFolder: string

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'gaugeline-static-'))
  clientFolder = join(parent, 'dist')
  await writeFile(join(parent, 'secret.txt'), 'secret')
})
afterEach(() => rm(parent, { recursive: true }))

async function build(): Promise<void> {
  await mkdir(join(clientFolder, 'assets'), { recursive: true })
  await writeFile(join(clientFolder, 'index.html'), INDEX)
  await writeFile(join(clientFolder, 'assets/app-1a2b.js'), 'console.log("app")\n'.repeat(1000))
  await writeFile(join(clientFolder, 'favicon.svg'), '<svg/>')
}

describe('the web client', () => {
  it('is served to everyone, without a credential', async () => {
    await build()
    await using server = await createHttpTestServer({ clientFolder })
    const page = await rawHttp(server.port, { path: '/' })
    expect([page.status, page.body]).toEqual([200, INDEX])
    expect(page.headers['content-type']).toBe('text/html; charset=utf-8')
    expect(page.headers['cache-control']).toBe('no-cache')
  })

  it('names its files, and its own path to its scripts, below the path of PUBLIC_URL', async () => {
    await build()
    const head = '<head><link rel="icon" href="./favicon.svg" /></head>'
    await writeFile(join(clientFolder, 'index.html'), head + SCRIPTS.replace('/assets', './assets'))
    await using server = await createHttpTestServer({ clientFolder, basePath: '/gaugeline' })
    const files = ['/gaugeline/favicon.svg', '/gaugeline/assets/app-1a2b.js']
    // A proxy may have removed the path.
    for (const path of ['/gaugeline', '/gaugeline/', '/gaugeline/deployments/x', '/deployments/x']) {
      const page = await rawHttp(server.port, { path, headers: html })
      expect([...page.body.matchAll(/ (?:href|src)="([^"]+)"/g)].map(([, file]) => file)).toEqual(files)
      expect(page.body).toContain('<meta name="base-path" content="/gaugeline" />')
      expect(page.headers['content-security-policy']).toContain("base-uri 'none'")
    }
    for (const path of [...files, '/favicon.svg']) expect((await rawHttp(server.port, { path })).status).toBe(200)
  })

  it('lets browsers cache hashed files for ever, and revalidate everything else', async () => {
    await build()
    await using server = await createHttpTestServer({ clientFolder })
    const script = await rawHttp(server.port, { path: '/assets/app-1a2b.js' })
    expect(script.headers).toMatchObject({
      'cache-control': 'public, max-age=31536000, immutable',
      'content-type': 'text/javascript; charset=utf-8',
    })
    const icon = await rawHttp(server.port, { path: '/favicon.svg' })
    expect(icon.headers).toMatchObject({ 'cache-control': 'no-cache', 'content-type': 'image/svg+xml; charset=utf-8' })
    const { etag } = (await rawHttp(server.port, { path: '/' })).headers
    const again = await rawHttp(server.port, { path: '/', headers: { 'if-none-match': etag } })
    expect([again.status, again.body]).toEqual([304, ''])
  })

  it('is compressed for clients that accept gzip', async () => {
    await build()
    await using server = await createHttpTestServer({ clientFolder })
    const path = '/assets/app-1a2b.js'
    const response = await openRawHttp(server.port, { path, headers: { 'accept-encoding': 'br, gzip' } })
    const bytes = await readBytes(response)
    const plain = await rawHttp(server.port, { path })
    expect(response.headers['content-encoding']).toBe('gzip')
    expect(response.headers.vary).toContain('Accept-Encoding')
    expect(gunzipSync(bytes).toString()).toBe(plain.body)
    expect(bytes.length).toBeLessThan(plain.body.length / 10)
    const refused = await rawHttp(server.port, { path, headers: { 'accept-encoding': 'gzip;q=0' } })
    expect(refused.headers['content-encoding']).toBeUndefined()
  })

  it('answers paths of its pages with the index, and missing files with 404', async () => {
    await build()
    await using server = await createHttpTestServer({ clientFolder })
    for (const path of ['/deployments', '/deployments/abc?range=1h', '/sign-in', '/models/llama-3.1']) {
      expect([path, (await rawHttp(server.port, { path, headers: html })).body]).toEqual([path, INDEX])
    }
    for (const accept of [undefined, '*/*']) {
      const answer = await rawHttp(server.port, { path: '/deployments', headers: accept ? { accept } : {} })
      expect([accept, answer.body]).toEqual([accept, INDEX])
    }
    for (const path of ['/assets/app-old.js', '/assets/', '/missing.svg']) {
      expect([path, (await rawHttp(server.port, { path })).status]).toEqual([path, 404])
    }
    expect((await rawHttp(server.port, { path: '/assets/app-old.js', headers: html })).status).toBe(404)
  })

  it.each([
    '/../secret.txt',
    '/assets/../../secret.txt',
    '/%2e%2e/secret.txt',
    '/..%2fsecret.txt',
    '//secret.txt',
    '/\\..\\secret.txt',
  ])('never serves anything outside its folder: %s', async (path) => {
    await build()
    await using server = await createHttpTestServer({ clientFolder })
    expect((await rawHttp(server.port, { path })).body).not.toContain('secret')
  })

  it('may run only its own scripts, inline ones by their hash', async () => {
    await build()
    await using server = await createHttpTestServer({ clientFolder })
    const policy = (await rawHttp(server.port, { path: '/' })).headers['content-security-policy']
    expect(policy).toContain("default-src 'none'")
    expect(policy).toMatch(/script-src 'self' 'sha256-[^']+';/)
    expect(policy).toContain("frame-ancestors 'none'")
    expect(policy).not.toContain('unsafe')
  })

  it('answers how to build it while it is not built, and is served as soon as it is', async () => {
    await using server = await createHttpTestServer({ clientFolder })
    const missing = await rawHttp(server.port, { path: '/', headers: html })
    expect(missing.status).toBe(503)
    expect(missing.body).toContain('npm run build')
    await build()
    expect((await rawHttp(server.port, { path: '/', headers: html })).body).toBe(INDEX)
  })
})
