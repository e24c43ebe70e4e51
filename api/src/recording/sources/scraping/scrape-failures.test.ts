import { once } from 'node:events'
import { gzipSync } from 'node:zlib'
import { afterEach, describe, expect, it } from 'vitest'
import {
  ask,
  closeAll,
  failureOf,
  guardOf,
  serve,
  serveBytes,
  text,
  TEXT,
} from '../../../../test/scraping/answering-server.ts'

afterEach(closeAll)

describe('an answer that is no metrics', () => {
  it.each([
    [401, 'UNAUTHORIZED', 'it does not accept the authorization that it was given.'],
    [403, 'UNAUTHORIZED', 'it does not accept the authorization that it was given.'],
    [404, 'STATUS', 'it has nothing at /metrics.'],
    [500, 'STATUS', 'the server has a problem, or is not ready yet.'],
    [503, 'STATUS', 'the server has a problem, or is not ready yet.'],
    [204, 'STATUS', 'metrics come with the status 200.'],
  ])('has the status %i', async (status, reason, why) => {
    const { url } = await serve((_request, response) => void response.writeHead(status).end())
    expect(await failureOf(ask(url))).toEqual([reason, `${url.host} answered ${status}: ${why}`])
  })

  it('asks for an authorization', async () => {
    const { url } = await serve((_request, response) => void response.writeHead(401).end())
    expect(await failureOf(ask(url, { authorization: null }))).toEqual([
      'UNAUTHORIZED',
      `${url.host} answered 401: it wants an authorization, and there is none.`,
    ])
  })

  it.each([
    [
      'text/html; charset=utf-8',
      '<!doctype html>',
      'answered with a web page (text/html): metrics are usually at /metrics.',
    ],
    [
      'application/json',
      '{}',
      'answered with something else than metrics (application/json): metrics are usually at /metrics.',
    ],
  ])('is of type %s', async (type, body, message) => {
    const { url } = await serve(text(body, { 'content-type': type }))
    expect(await failureOf(ask(url))).toEqual(['NOT_METRICS', `${url.host} ${message}`])
  })

  it.each([
    ['a page that says it is text', text('<html>'), "can't be read as metrics. Line 1: "],
    ['no UTF-8', text(Buffer.from([0x61, 0xff, 0x20, 0x31, 0x0a])), 'is no text in UTF-8, which metrics are.'],
    [
      'not packed, though it says so',
      text(TEXT, { 'content-encoding': 'gzip' }),
      'says that it is packed with gzip, and is not.',
    ],
    ['packed otherwise', text(TEXT, { 'content-encoding': 'br' }), 'gzip or none is expected.'],
  ])('is %s', async (_what, answer, message) => {
    const { url } = await serve(answer)
    const [reason, told] = await failureOf(ask(url))
    expect(reason).toBe('NOT_METRICS')
    expect(told).toContain(message)
  })

  it('is not in HTTP', async () => {
    const url = await serveBytes('SSH-2.0-OpenSSH\r\n')
    expect(await failureOf(ask(url))).toEqual(['NOT_METRICS', expect.stringContaining('does not answer in HTTP')])
  })
})

describe('an answer that is cut off', () => {
  const head = 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n'
  const metrics = 'HTTP/1.1 200 OK\r\nContent-Type: application/openmetrics-text\r\n'
  it.each([
    ['before its length', [`${head}Content-Length: 100\r\n\r\n`, TEXT]],
    ['in a chunk', [`${head}Transfer-Encoding: chunked\r\n\r\n`, '40\r\na 1\n']],
    ['before its last chunk', [`${head}Transfer-Encoding: chunked\r\n\r\n`, '4\r\na 1\n\r\n']],
    ['in a line, where the end of the connection ends it', [`${head}\r\n`, 'a 1\nb 12']],
    ['before its last line', [`${metrics}\r\n`, 'a 1\n']],
    ['in its packing', [`${head}Content-Encoding: gzip\r\n\r\n`, gzipSync(TEXT).subarray(0, -9)]],
  ])('%s is found', async (_where, parts) => {
    const url = await serveBytes(...parts)
    expect(await failureOf(ask(url))).toEqual([
      'TRUNCATED',
      `The answer of ${url.host} ends before it is complete: the server, or a proxy before it, cuts it off.`,
    ])
  })

  it('is whole when the connection ends it after a line', async () => {
    expect((await ask(await serveBytes(`${head}\r\n`, 'a 1\nb 12\n'))).series).toBe(2)
  })
})

describe('an answer that is too large', () => {
  const tooLong = 'is longer than 10 MiB, which is the most that is read: let it expose fewer series.'

  it('is left when it does not end', async () => {
    let written = 0
    const { url } = await serve((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/plain' })
      const more = () => {
        while (!response.destroyed && response.write('# '.repeat(32_768))) written += 65_536
      }
      response.on('drain', more)
      more()
    })
    expect(await failureOf(ask(url, { timeoutMs: 30_000 }))).toEqual([
      'TOO_LARGE',
      `The answer of ${url.host} ${tooLong}`,
    ])
    // No more than was read, and what the buffers of the sockets hold.
    expect(written).toBeLessThan(32 * 1024 * 1024)
  })

  it('is left in the middle of unpacking', async () => {
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024, '#'))
    expect(bomb.length).toBeLessThan(100_000)
    const { url } = await serve(text(bomb, { 'content-encoding': 'gzip' }))
    expect(await failureOf(ask(url, { timeoutMs: 30_000 }))).toEqual([
      'TOO_LARGE',
      `The answer of ${url.host} ${tooLong}`,
    ])
  })

  it.each([
    ['samples', 'a 1\n'.repeat(50_001), 'It has more than 50000 samples, which is the most that is read.'],
    [
      'labels',
      `a{${Array.from({ length: 65 }, (_none, n) => `l${n}="1"`).join(',')}} 1\n`,
      'Line 1: a sample has more than 64 labels, which is the most that is read.',
    ],
  ])('has too many %s', async (_what, body, why) => {
    const { url } = await serve(text(body))
    expect(await failureOf(ask(url))).toEqual([
      'TOO_LARGE',
      `The answer of ${url.host} can't be read as metrics. ${why}`,
    ])
  })
})

describe('a server that does not answer', () => {
  it('is not there', async () => {
    const { url, server } = await serve(text(TEXT))
    server.close()
    await once(server, 'close')
    expect(await failureOf(ask(url))).toEqual([
      'UNREACHABLE',
      `Nothing listens at ${url.host} (ECONNREFUSED): the server is down, or its port is another one.`,
    ])
  })

  it('closes the connection', async () => {
    const { url } = await serve((request) => void request.socket.destroy())
    expect(await failureOf(ask(url))).toEqual([
      'UNREACHABLE',
      expect.stringContaining('closed the connection without an answer'),
    ])
  })

  it('does not speak TLS', async () => {
    const { url } = await serve(text(TEXT))
    url.protocol = 'https:'
    expect(await failureOf(ask(url))).toEqual(['UNREACHABLE', expect.stringContaining('does not speak TLS')])
  })

  it('lets us wait', async () => {
    const { url } = await serve(() => undefined)
    expect(await failureOf(ask(url, { timeoutMs: 100 }))).toEqual([
      'TIMED_OUT',
      `${url.host} did not answer within 0.1 s: it is overloaded, or a firewall between us drops the connection.`,
    ])
  })

  it('sends slowly', async () => {
    const { url } = await serve(
      (_request, response) => void response.writeHead(200, { 'content-type': 'text/plain' }).write('a 1\n'),
    )
    expect(await failureOf(ask(url, { timeoutMs: 300 }))).toEqual([
      'TIMED_OUT',
      `The answer of ${url.host} was not complete after 0.3 s: it needs a longer timeout, or fewer series.`,
    ])
  })

  it('is looked up for too long', async () => {
    const guard = guardOf([], () => new Promise(() => undefined))
    expect(await failureOf(ask(new URL('http://gpu7.example/'), { timeoutMs: 50 }, guard))).toEqual([
      'TIMED_OUT',
      'gpu7.example did not answer within 0.05 s: it is overloaded, or a firewall between us drops the connection.',
    ])
  })
})
