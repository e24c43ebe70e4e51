import { Agent, request } from 'node:http'
import { WebSocket } from 'ws'

const agent = new Agent({ keepAlive: true, maxSockets: 400 })
/** Long enough for a server that is busy, short enough to go on. */
const PATIENCE_MS = 30_000

/**
 * POSTs an operation.
 *
 * @returns the first error code of the answer, else its status.
 */
export function post(origin, token, body, { headers = {}, unread = false } = {}) {
  return new Promise((resolve) => {
    const text = JSON.stringify(body)
    const call = request(`${origin}/graphql`, {
      agent: unread ? undefined : agent,
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/graphql-response+json',
        authorization: `Bearer ${token}`,
        'content-length': Buffer.byteLength(text),
        ...headers,
      },
    })
    call.setTimeout(PATIENCE_MS, () => call.destroy(new Error('no answer')))
    call.on('error', (error) => resolve({ outcome: error.code ?? error.message, call }))
    call.on('response', (response) => {
      if (unread) {
        response.pause()
        resolve({ outcome: `${response.statusCode}, unread`, call })
        return
      }
      let answer = ''
      response.setEncoding('utf8')
      response.on('data', (part) => (answer.length < 100_000 ? (answer += part) : undefined))
      response.on('error', (error) => resolve({ outcome: error.code ?? error.message, call }))
      response.on('end', () => {
        const code = /"code":"(\w+)"/.exec(answer)?.[1]
        resolve({ outcome: code ?? String(response.statusCode), answer, call })
      })
    })
    call.end(text)
  })
}

/** A WebSocket that has asked to be opened: of a stranger, or with a token of one who is known. */
export async function open(origin, token) {
  const socket = new WebSocket(`${origin.replace(/^http/, 'ws')}/graphql`, 'graphql-transport-ws')
  const closed = new Promise((resolve) => socket.once('close', (code) => resolve(String(code))))
  // Is followed by the end.
  socket.on('error', () => undefined)
  await Promise.race([closed, new Promise((resolve) => socket.once('open', resolve))])
  if (token !== undefined && socket.readyState === WebSocket.OPEN) {
    const acknowledged = new Promise((resolve) => socket.once('message', resolve))
    socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization: `Bearer ${token}` } }))
    await Promise.race([closed, acknowledged])
  }
  return { socket, closed }
}

export function isOpen(socket) {
  return socket.readyState === WebSocket.OPEN
}
