import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import { type AddressInfo, createServer as createSocketServer, type Server, type Socket } from 'node:net'
import { expect } from 'vitest'
import { AddressGuard, type Lookup } from '../../src/outbound/address-guard.ts'
import { allowedHosts } from '../../src/outbound/public-addresses.ts'
import { scrape, type ScrapeTarget } from '../../src/recording/sources/scraping/scrape.ts'
import { ScrapeFailedError } from '../../src/recording/sources/scraping/scrape-failure.ts'

export const SECRET = 'Bearer s3cret-s3cret'
export const TEXT = '# TYPE a counter\na_total{x="1"} 3\n# TYPE b gauge\nb 1\n'

const closing: (() => Promise<void> | void)[] = []

export function closeAfterwards(close: () => Promise<void> | void): void {
  closing.push(close)
}

/** To be called after each test: ends what it has started. */
export async function closeAll(): Promise<void> {
  for (const close of closing.splice(0).toReversed()) await close()
}

async function listening<S extends Server>(server: S): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

/** A server on 127.0.0.1 that answers as it is told. */
export async function serve(answer: RequestListener, path = '/metrics') {
  const server = createServer(answer)
  let connections = 0
  server.on('connection', () => (connections += 1))
  const port = await listening(server)
  closing.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: new URL(`http://127.0.0.1:${port}${path}`), port, server, connections: () => connections }
}

/** The URL of a server that sends bytes, whatever it is asked, and closes. */
export async function serveBytes(...parts: (string | Buffer)[]): Promise<URL> {
  const server = createSocketServer((socket: Socket) => {
    socket.on('error', () => undefined)
    socket.once('data', () => {
      for (const part of parts) socket.write(part)
      socket.end()
    })
  })
  const port = await listening(server)
  closing.push(() => void server.close())
  return new URL(`http://127.0.0.1:${port}/metrics`)
}

/** Answers in the text format. */
export function text(body: string | Buffer, headers: Record<string, string> = {}): RequestListener {
  return (_request: IncomingMessage, response: ServerResponse) => {
    response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4', ...headers }).end(body)
  }
}

export function guardOf(allowed: string[], lookup?: Lookup): AddressGuard {
  return new AddressGuard(allowedHosts(allowed), lookup ? { lookup } : {})
}

const LOOPBACK = guardOf(['127.0.0.0/8'])
const NEVER = new AbortController().signal

export function ask(url: URL, options: Partial<ScrapeTarget> = {}, guard = LOOPBACK, signal = NEVER) {
  return scrape({ url, authorization: SECRET, timeoutMs: 5000, ...options }, guard, signal)
}

/** Why it failed, as reason and message; the message never holds the secret. */
export async function failureOf(scraped: Promise<unknown>): Promise<[string, string]> {
  const error = await scraped.then(
    () => new Error('It was read.'),
    (reason: unknown) => reason,
  )
  if (!(error instanceof ScrapeFailedError)) throw error
  expect(error.message).not.toContain('s3cret')
  expect(error.message).toMatch(/^[^\n]+\.$/)
  return [error.reason, error.message]
}
