import type { IncomingMessage } from 'node:http'
import { gzipSync } from 'node:zlib'
import { afterEach, describe, expect, it } from 'vitest'
import {
  ask,
  closeAfterwards,
  closeAll,
  failureOf,
  guardOf,
  SECRET,
  serve,
  text,
  TEXT,
} from '../../../../test/scraping/answering-server.ts'
import type { Lookup } from '../../../outbound/address-guard.ts'
import { ScrapeConnections } from './scrape-connections.ts'

afterEach(closeAll)

describe('a scrape', () => {
  it('asks for OpenMetrics, then the text format, packed, in its name, with the authorization', async () => {
    let asked: IncomingMessage | undefined
    const { url } = await serve((request, response) => {
      asked = request
      text(TEXT)(request, response)
    }, '/metrics?all=1')
    const { families, series, bytes, durationMs } = await ask(url, { timeoutMs: 2500 })
    expect(families.map(({ name, type, samples }) => [name, type, samples.length])).toEqual([
      ['a', 'counter', 1],
      ['b', 'gauge', 1],
    ])
    expect({ series, bytes }).toEqual({ series: 2, bytes: TEXT.length })
    expect(durationMs).toBeGreaterThan(0)
    expect([asked?.method, asked?.url]).toEqual(['GET', '/metrics?all=1'])
    expect(asked?.headers).toMatchObject({
      accept: 'application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1',
      'accept-encoding': 'gzip',
      authorization: SECRET,
      'x-prometheus-scrape-timeout-seconds': '2.5',
    })
    expect(asked?.headers['user-agent']).toMatch(/^Gaugeline\/\d+\.\d+\.\d+$/)
  })

  it('sends no authorization where there is none, also not one in the URL', async () => {
    const { url } = await serve((request, response) =>
      text(`# ${request.headers.authorization}\na{auth="${request.headers.authorization}"} 1\n`)(request, response),
    )
    url.username = 'somebody'
    url.password = 's3cret'
    const { families } = await ask(url, { authorization: null })
    expect(families[0]?.samples[0]?.labels).toEqual({ auth: 'undefined' })
  })

  it('reads OpenMetrics, what is packed, what has no type, and only what is wanted', async () => {
    const body = '# TYPE a counter\na_total 1\na_created 1.7e9\n# TYPE b gauge\nb 2\n# EOF\n'
    const packed = await serve(
      text(gzipSync(body), {
        'content-type': 'application/openmetrics-text; version=1.0.0',
        'content-encoding': 'gzip',
      }),
    )
    const scraped = await ask(packed.url, { wanted: (name) => name === 'a' })
    expect(scraped).toMatchObject({ series: 3, bytes: body.length })
    expect(scraped.families.map(({ name, samples }) => [name, samples.length])).toEqual([['a', 2]])

    const untyped = await serve((_request, response) => void response.end('a 1\n'))
    expect((await ask(untyped.url)).series).toBe(1)
  })

  it('gives up when its signal aborts, with the reason of the signal', async () => {
    const { url } = await serve(() => stop.abort(new Error('shutting down')))
    const stop = new AbortController()
    await expect(ask(url, {}, undefined, stop.signal)).rejects.toThrow('shutting down')
    await expect(ask(url, {}, undefined, stop.signal)).rejects.toThrow('shutting down')
  })
})

describe('a kept connection', () => {
  const connections = () => {
    const kept = new ScrapeConnections()
    closeAfterwards(() => kept.stop())
    return kept
  }

  it('serves the next scrape of the same address, and none of another', async () => {
    const server = await serve(text(TEXT))
    const kept = connections()
    const addresses = ['127.0.0.1']
    const lookup: Lookup = () => Promise.resolve(addresses.map((address) => ({ address, family: 4 })))
    let nowMs = 0
    const timed = new ScrapeConnections(() => nowMs)
    closeAfterwards(() => timed.stop())
    const named = new URL(`http://gpu7.internal:${server.port}/metrics`)
    const guard = guardOf(['gpu7.internal'], lookup)

    for (let n = 0; n < 3; n += 1) await ask(server.url, { connections: kept })
    expect(server.connections()).toBe(1)
    await ask(server.url)
    expect(server.connections()).toBe(2)

    await ask(named, { connections: timed }, guard)
    await ask(named, { connections: timed }, guard)
    expect(server.connections()).toBe(3)
    // The name moves to an address where nobody is: the connection to the old one is not used any more.
    addresses[0] = '127.9.9.9'
    await ask(named, { connections: timed }, guard)
    nowMs = 61_000
    expect(await failureOf(ask(named, { connections: timed }, guard))).toEqual(['UNREACHABLE', expect.any(String)])
    addresses[0] = '127.0.0.1'
    await ask(named, { connections: timed }, guard)
    expect(server.connections()).toBe(3)
  })

  it('that the server has closed is replaced, and the scrape succeeds', async () => {
    let isCut = false
    const server = await serve((request, response) => {
      if (!isCut) return text(TEXT)(request, response)
      isCut = false
      request.socket.destroy()
    })
    const kept = connections()
    await ask(server.url, { connections: kept })
    isCut = true
    await ask(server.url, { connections: kept })
    expect(server.connections()).toBe(2)
  })
})

describe('a scrape that may not go there', () => {
  it.each([
    [
      'http://10.1.2.3:8000/metrics',
      'The address 10.1.2.3 is not public: to scrape it, the operator adds it to SCRAPE_ALLOWED_HOSTS.',
    ],
    [
      'http://[::1]:8000/metrics',
      'The address [::1] is not public: to scrape it, the operator adds it to SCRAPE_ALLOWED_HOSTS.',
    ],
    [
      'http://2130706433/',
      'The address 127.0.0.1 is not public: to scrape it, the operator adds it to SCRAPE_ALLOWED_HOSTS.',
    ],
  ])('says so of %s', async (url, message) => {
    expect(await failureOf(ask(new URL(url), {}, guardOf([])))).toEqual(['NOT_ALLOWED', message])
  })

  it('does not tell whether a name exists', async () => {
    const url = new URL('http://gpu7.internal:8000/metrics?token=s3cret')
    const lookups: Lookup[] = [
      () => Promise.resolve([{ address: '10.0.0.1', family: 4 }]),
      () => Promise.reject(new Error('ENOTFOUND')),
    ]
    for (const lookup of lookups) {
      expect(await failureOf(ask(url, {}, guardOf([], lookup)))).toEqual([
        'NOT_ALLOWED',
        'The host gpu7.internal does not exist, or is not public: correct its name, or let the operator add it to ' +
          'SCRAPE_ALLOWED_HOSTS.',
      ])
    }
  })
})

describe('a redirect', () => {
  const redirecting = (location: (port: number) => string, status = 302) =>
    serve((request, response) => {
      const port = request.socket.localPort ?? 0
      if (request.url === '/there') text(TEXT)(request, response)
      else response.writeHead(status, { location: location(port) }).end('elsewhere')
    })

  it.each([301, 302, 303, 307, 308])('with status %i is followed on the same host and port', async (status) => {
    const { url } = await redirecting(() => '/there', status)
    expect((await ask(url)).series).toBe(2)
  })

  it.each([
    ['another port', () => 'http://127.0.0.1:1/there', 'http://127.0.0.1:1'],
    ['another name of the host', (port: number) => `http://localhost:${port}/there`, 'http://localhost:'],
    ['TLS', (port: number) => `https://127.0.0.1:${port}/there`, 'https://127.0.0.1:'],
    ['a private network', () => 'http://169.254.169.254/latest?s3cret', 'http://169.254.169.254,'],
    ['a file', () => 'file:///etc/passwd', 'file://,'],
  ])('to %s is not followed', async (_what, location, named) => {
    const { url } = await redirecting(location)
    const [reason, message] = await failureOf(ask(url))
    expect(reason).toBe('REDIRECTED')
    expect(message).toContain(`${url.host} redirects to ${named}`)
    expect(message).toMatch(/which is not followed: name the address where the metrics are\.$/)
  })

  it('in a circle ends', async () => {
    let asked = 0
    const { url } = await serve((_request, response) => {
      asked += 1
      response.writeHead(302, { location: '/metrics' }).end()
    })
    expect(await failureOf(ask(url))).toEqual([
      'REDIRECTED',
      `${url.host} redirects more than 5 times: name the path where its metrics are.`,
    ])
    expect(asked).toBe(6)
  })

  it('that leads nowhere is a wrong status', async () => {
    const { url } = await serve((_request, response) => void response.writeHead(302).end())
    expect(await failureOf(ask(url))).toEqual(['STATUS', `${url.host} answered 302: metrics come with the status 200.`])
  })
})
