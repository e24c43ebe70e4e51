import type { ClientRequest, IncomingMessage } from 'node:http'
import { request } from 'node:http'
import { WebSocket } from 'ws'
import { ADMIN_TOKEN } from '../create-test-app.ts'
import type { Stream } from './stream.ts'

/** A client's connection and what it is subscribed to. Not one of the published clients: this one misbehaves. */
export interface Connection {
  readonly streams: ReadonlySet<Stream>
  /** Whether more can be subscribed to. */
  readonly hasRoom: boolean
  subscribe(stream: Stream): void
  /** Completes one subscription; whatever still comes is ignored. */
  leave(stream: Stream): void
  stopReading(): void
  readOn(): void
  /** Cuts it without a word. */
  cut(): void
}

const AUTHORIZATION = `Bearer ${ADMIN_TOKEN}`

export async function openWebSocket(origin: string): Promise<Connection> {
  const socket = new WebSocket(`${origin.replace(/^http/, 'ws')}/graphql`, 'graphql-transport-ws')
  const streams = new Map<string, Stream>()
  let lastId = 0
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject)
    socket.once('open', () =>
      socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization: AUTHORIZATION } })),
    )
    socket.once('message', () => resolve())
  })
  socket.on('error', () => undefined)
  socket.on('message', (data) => {
    const { type, id, payload } = JSON.parse((data as Buffer).toString()) as {
      type: string
      id: string
      payload: object
    }
    const stream = streams.get(id)
    if (type === 'next') stream?.take(payload)
    else if (type !== 'ping') stream?.fault(`${type}: ${JSON.stringify(payload)}`)
  })
  const idOf = (stream: Stream) => [...streams].find(([, one]) => one === stream)?.[0]
  return {
    get streams() {
      return new Set(streams.values())
    },
    get hasRoom() {
      return streams.size < 20
    },
    subscribe(stream) {
      lastId += 1
      streams.set(String(lastId), stream)
      stream.isWanted = true
      const { query, variables } = stream
      socket.send(JSON.stringify({ type: 'subscribe', id: String(lastId), payload: { query, variables } }))
    },
    leave(stream) {
      const id = idOf(stream)
      if (id === undefined) return
      streams.delete(id)
      stream.isWanted = false
      socket.send(JSON.stringify({ type: 'complete', id }))
    },
    stopReading: () => socket.pause(),
    readOn: () => socket.resume(),
    cut() {
      for (const stream of streams.values()) stream.isWanted = false
      streams.clear()
      socket.terminate()
    },
  }
}

/** One subscription each: leaving it cuts the connection. */
export function openEventStream(origin: string): Connection {
  const streams = new Set<Stream>()
  let sent: ClientRequest | undefined
  let response: IncomingMessage | undefined
  let isReading = true
  function cut(): void {
    for (const stream of streams) stream.isWanted = false
    streams.clear()
    sent?.destroy()
  }
  return {
    streams,
    get hasRoom() {
      return sent === undefined
    },
    subscribe(stream) {
      streams.add(stream)
      stream.isWanted = true
      const headers = { authorization: AUTHORIZATION, 'content-type': 'application/json', accept: 'text/event-stream' }
      sent = request(`${origin}/graphql`, { method: 'POST', headers, agent: false }, (answer) => {
        response = answer
        if (!isReading) answer.pause()
        // Cut, by us or by a server that restarts.
        answer.on('error', () => undefined)
        readEvents(answer, stream)
      })
      sent.on('error', () => undefined)
      sent.end(JSON.stringify({ query: stream.query, variables: stream.variables }))
    },
    leave: cut,
    stopReading() {
      isReading = false
      response?.pause()
    },
    readOn() {
      isReading = true
      response?.resume()
    },
    cut,
  }
}

function readEvents(answer: IncomingMessage, stream: Stream): void {
  let text = ''
  answer.setEncoding('utf8')
  answer.on('data', (chunk: string) => {
    text += chunk
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const event = text.slice(0, end)
      text = text.slice(end + 2)
      const data = /^(?:id: .*\n)?event: next\ndata: (.*)$/s.exec(event)?.[1]
      if (data !== undefined) stream.take(JSON.parse(data) as object)
    }
  })
}
