import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders } from 'node:http'
import { request } from 'node:http'
import { connect, type Socket } from 'node:net'

export interface RawRequest {
  method?: string
  path?: string
  /** May hold what fetch forbids: Host, Origin, Sec-Fetch-Site, Cookie. */
  headers?: OutgoingHttpHeaders
  body?: string | Buffer
}

export interface RawResponse {
  status: number
  headers: IncomingHttpHeaders
  body: string
  /** The body as JSON, in GraphQL's shape by default. */
  json<T = GraphQLBody>(): T
}

export interface GraphQLBody {
  data?: Record<string, unknown> | null
  errors?: { message: string; path?: (string | number)[]; extensions: { code: string; requestId?: string } }[]
}

/** Sends a request to 127.0.0.1 exactly as given, and returns the response as soon as its headers are there. */
export async function openRawHttp(
  port: number,
  { method = 'GET', path = '/', headers = {}, body }: RawRequest,
): Promise<IncomingMessage> {
  return await new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, method, path, headers, agent: false }, resolve)
    sent.on('error', reject)
    sent.end(body)
  })
}

/** The same, with the whole answer. */
export async function rawHttp(port: number, options: RawRequest): Promise<RawResponse> {
  const response = await openRawHttp(port, options)
  const body = (await readBytes(response)).toString('utf8')
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    body,
    json: <T>() => JSON.parse(body) as T,
  }
}

export async function readBytes(response: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of response.iterator()) {
    if (Buffer.isBuffer(chunk)) chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** The server's side of the next connection to any server of this process. */
export async function nextAccepted(): Promise<Socket> {
  return await new Promise((resolve) => {
    function take(message: unknown): void {
      unsubscribe('net.server.socket', take)
      resolve((message as { socket: Socket }).socket)
    }
    subscribe('net.server.socket', take)
  })
}

/** Sends queries one right behind the other over one connection, without waiting for the answers. */
export function pipeline(
  port: number,
  authorization: string,
  accept: string,
  queries: readonly (string | { query: string; variables: string })[],
): Socket {
  const socket = connect(port, '127.0.0.1')
  for (const each of queries) {
    const search = new URLSearchParams(typeof each === 'string' ? { query: each } : each)
    socket.write(
      `GET /graphql?${search} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n` +
        `Authorization: ${authorization}\r\nAccept: ${accept}\r\n\r\n`,
    )
  }
  return socket
}
