import { describe, expect, it } from 'vitest'
import type { OriginPolicyOptions } from './origins.ts'
import { createOriginPolicy } from './origins.ts'

type Headers = Record<string, string>

const LOCAL: OriginPolicyOptions = { host: '127.0.0.1', port: 4000, allowedHosts: [], allowedOrigins: [] }

function check(
  headers: Headers,
  options: Partial<OriginPolicyOptions> = {},
  { method = 'POST', url = '/graphql' } = {},
) {
  const policy = createOriginPolicy({ ...LOCAL, ...options })
  return policy.check({ method, url, headers, rawHeaders: Object.entries(headers).flat() })
}

const pass = { kind: 'pass' }
const navigation = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }

describe('the Host header', () => {
  it.each(['127.0.0.1:4000', '[::1]:4000', 'localhost:4000', 'LOCALHOST:4000'])('may be %s', (host) => {
    expect(check({ host })).toEqual(pass)
    expect(check({ host }, { publicUrl: 'https://gauges.example' })).toEqual(pass)
  })

  it.each(['localhost', '127.0.0.1', '[::1]', 'localhost:8080', '127.0.0.1:8080', '[::1]:8080'])(
    'may be %s: a proxy or a forwarded port changes the port, and nobody can rebind the name',
    (host) => {
      expect(check({ host })).toEqual(pass)
      expect(check({ host, ...navigation }, {}, { method: 'GET', url: '/' })).toEqual(pass)
      expect(check({ host }, { publicUrl: 'https://gauges.example' })).toEqual(pass)
    },
  )

  it.each([
    'evil.example',
    'evil.example:4000',
    'localhost.evil.example',
    'evil.localhost:4000',
    'localhost:4000:4000',
    'localhost,evil.example',
    '127.0.0.1:4000.evil.example',
    'evil@127.0.0.1:4000',
    '127.1:4000',
    '0.0.0.0:4000',
    '',
  ])('may not be %j: a rebound name leads to 421 with a sentence', (host) => {
    const message: unknown = expect.stringContaining('127.0.0.1:4000')
    expect(check({ host })).toMatchObject({ kind: 'refuse', status: 421, message })
  })

  it('may be the configured address, in either case and with or without the default port', () => {
    expect(check({ host: 'GAUGES.local:4000' }, { host: 'gauges.local' })).toEqual(pass)
    expect(check({ host: '127.0.0.1' }, { port: 80 })).toEqual(pass)
    expect(check({ host: '127.0.0.1:80' }, { port: 80 })).toEqual(pass)
  })

  it('may be the host of PUBLIC_URL', () => {
    const publicUrl = 'https://gauges.example'
    expect(check({ host: 'gauges.example' }, { publicUrl })).toEqual(pass)
    expect(check({ host: 'gauges.example:443' }, { publicUrl })).toEqual(pass)
    expect(check({ host: 'gauges.example:8443' }, { publicUrl })).toEqual(pass)
    expect(check({ host: 'www.gauges.example' }, { publicUrl })).toMatchObject({ status: 421 })
  })

  it('may be one of ALLOWED_HOSTS: a name on every port, a name on one port, or every name of a domain', () => {
    const allowedHosts = ['gaugeline', '10.1.2.3:4000', '.svc.cluster.local']
    for (const host of ['gaugeline', 'Gaugeline:4000', '10.1.2.3:4000', 'gaugeline.prod.svc.cluster.local:80']) {
      expect([host, check({ host }, { allowedHosts, publicUrl: 'https://gauges.example' })]).toEqual([host, pass])
    }
    for (const host of ['gaugeline.evil.example', '10.1.2.3', 'svc.cluster.local', 'xsvc.cluster.local', '']) {
      const message: unknown = expect.stringContaining('ALLOWED_HOSTS')
      expect(check({ host }, { allowedHosts })).toMatchObject({ status: 421, message })
    }
  })

  it.each(['/healthz', '/readyz', '/metrics', '/metrics?name[]=up'])(
    'and Origin may be anything for %s: it is asked by whatever address a cluster gives it',
    (url) => {
      const headers = { host: '10.1.2.3:4000', origin: 'http://grafana.example', 'sec-fetch-site': 'cross-site' }
      // Without a `corsOrigin`: a page cannot read the answer.
      expect(check(headers, {}, { method: 'GET', url })).toEqual(pass)
      expect(check(headers, { allowedOrigins: ['http://grafana.example'] }, { method: 'GET', url })).toEqual(pass)
      expect(check(headers, {}, { method: 'POST', url })).toMatchObject({ status: 421 })
    },
  )

  it('may be sent only once, and with a well-formed path', () => {
    const policy = createOriginPolicy(LOCAL)
    const host = '127.0.0.1:4000'
    const twice = { url: '/', headers: { host }, rawHeaders: ['Host', host, 'host', 'evil.example'] }
    expect(policy.check(twice)).toMatchObject({ status: 400 })
    expect(check({ host }, {}, { url: 'http://127.0.0.1:4000/graphql' })).toMatchObject({ status: 400 })
    expect(check({ host }, {}, { url: '*' })).toMatchObject({ status: 400 })
  })

  it('redirects people from localhost to the canonical host, and programs are answered there', () => {
    const host = 'localhost:4000'
    const location = 'http://127.0.0.1:4000/deployments?x=1'
    const page = { method: 'GET', url: '/deployments?x=1' }
    expect(check({ host, ...navigation }, {}, page)).toEqual({ kind: 'redirect', location })
    expect(check({ host, accept: 'text/html' }, {}, page)).toEqual({ kind: 'redirect', location })
    expect(check({ host, accept: 'application/json' }, {}, page)).toEqual(pass)
    expect(check({ host })).toEqual(pass)
  })

  it('never redirects away from this server, whatever the path', () => {
    const verdict = check({ host: 'localhost:4000', ...navigation }, {}, { method: 'GET', url: '//evil.example/x' })
    expect(verdict).toEqual({ kind: 'redirect', location: 'http://127.0.0.1:4000//evil.example/x' })
  })

  it('is not redirected if localhost is configured', () => {
    const page = { method: 'GET', url: '/' }
    expect(check({ host: 'localhost:4000', ...navigation }, { host: 'localhost' }, page)).toEqual(pass)
    expect(check({ host: 'localhost:4000', ...navigation }, { publicUrl: 'http://localhost:4000' }, page)).toEqual(pass)
  })

  it('is an address that can be opened if the server listens on all addresses', () => {
    const localOrigin = (host: string) => createOriginPolicy({ ...LOCAL, host }).localOrigin
    expect(localOrigin('0.0.0.0')).toBe('http://127.0.0.1:4000')
    expect(localOrigin('::')).toBe('http://127.0.0.1:4000')
    expect(localOrigin('::1')).toBe('http://[::1]:4000')
  })
})

describe('the Origin header', () => {
  const host = '127.0.0.1:4000'

  it('may be our own origin', () => {
    expect(check({ host, origin: 'http://127.0.0.1:4000' })).toEqual(pass)
    expect(check({ host: '[::1]:4000', origin: 'http://[::1]:4000' })).toEqual(pass)
  })

  it.each([
    'http://127.0.0.1:4001',
    'https://127.0.0.1:4000',
    'http://127.0.0.1',
    'http://[::1]:4000',
    'http://localhost:4000',
    'http://evil.example',
    'http://127.0.0.1:4000.evil.example',
    'null',
    '',
  ])('may not be %j: scheme, host and port must match exactly', (origin) => {
    expect(check({ host, origin })).toMatchObject({ kind: 'refuse', status: 403 })
  })

  it('may not be that of a page beside ours, where a proxy has left the port out of Host', () => {
    for (const name of ['localhost', '127.0.0.1', 'gaugeline']) {
      const headers = { host: name, origin: `http://${name}` }
      const message: unknown = expect.stringContaining('PUBLIC_URL')
      expect(check(headers, { allowedHosts: ['gaugeline'] })).toMatchObject({ status: 403, message })
      expect(check(headers, { allowedHosts: ['gaugeline'], port: 80 })).toEqual(pass)
      expect(check({ ...headers, origin: `http://${name}:8080` }, { publicUrl: `http://${name}:8080` })).toEqual(pass)
    }
    expect(check({ host: 'localhost:8080', origin: 'http://localhost:8080' })).toEqual(pass)
    expect(check({ host: 'localhost:8080', origin: 'http://localhost:9090' })).toMatchObject({ status: 403 })
  })

  it('may be one of ALLOWED_ORIGINS, exactly, which CORS then names', () => {
    const options = { allowedOrigins: ['https://app.example'] }
    const headers = { host, 'sec-fetch-site': 'cross-site' }
    expect(check({ ...headers, origin: 'https://app.example' }, options)).toEqual({
      kind: 'pass',
      corsOrigin: 'https://app.example',
    })
    expect(check({ ...headers, origin: 'https://app.example:8443' }, options)).toMatchObject({ status: 403 })
    expect(check({ ...headers, origin: 'http://app.example' }, options)).toMatchObject({ status: 403 })
  })

  it('may be the origin of PUBLIC_URL, even when a proxy rewrites Host', () => {
    const options = { publicUrl: 'https://gauges.example' }
    expect(check({ host: 'gauges.example', origin: 'https://gauges.example' }, options)).toEqual(pass)
    expect(check({ host, origin: 'https://gauges.example' }, options)).toEqual(pass)
    expect(check({ host: 'gauges.example', origin: 'http://gauges.example' }, options)).toMatchObject({ status: 403 })
  })
})

describe('Sec-Fetch-Site', () => {
  const host = '127.0.0.1:4000'

  it.each(['same-origin', 'none'])('may be %s', (site) => {
    expect(check({ host, 'sec-fetch-site': site })).toEqual(pass)
  })

  it.each(['cross-site', 'same-site', 'nonsense'])('may not be %s', (site) => {
    for (const method of ['GET', 'POST']) {
      expect(check({ host, 'sec-fetch-site': site }, {}, { method })).toMatchObject({ kind: 'refuse', status: 403 })
    }
  })

  it('may be anything when a person follows a link', () => {
    const headers = { host, 'sec-fetch-site': 'cross-site', ...navigation }
    const page = { method: 'GET', url: '/' }
    expect(check(headers, {}, page)).toEqual(pass)
    expect(check(headers, {}, { ...page, method: 'POST' })).toMatchObject({ status: 403 })
    expect(check({ ...headers, 'sec-fetch-dest': 'iframe' }, {}, page)).toMatchObject({ status: 403 })
  })
})
