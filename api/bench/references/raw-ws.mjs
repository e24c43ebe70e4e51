// The least that a WebSocket broadcast costs with `ws`: one ready message, sent to every socket.
// `/?subscriptions=16`: a socket with so many subscriptions.
import { createServer } from 'node:http'
import { WebSocketServer } from 'ws'
import { publishReady } from './ready-messages.mjs'
import { announce, listenOptions } from './listening.mjs'
import { deploymentIds } from './samples.mjs'

const members = deploymentIds.map(() => new Set())

const ready = publishReady(
  (id, sample) =>
    Buffer.from(
      JSON.stringify({
        id: `00000000-0000-4000-8000-${id.padStart(12, '0')}`,
        type: 'next',
        payload: { data: { inferenceMetrics: sample } },
      }),
    ),
  (index, bytes) => {
    for (const { socket } of members[index]) socket.send(bytes, { binary: false })
  },
)

const server = createServer()
const sockets = new WebSocketServer({ server, perMessageDeflate: false })
sockets.on('connection', (socket, request) => {
  const count = Number(new URL(request.url, 'http://localhost').searchParams.get('subscriptions') ?? 1)
  for (let n = 0; n < count; n += 1) {
    const index = n % members.length
    const member = { socket }
    for (const bytes of ready.begin(index, request.url)) socket.send(bytes, { binary: false })
    members[index].add(member)
    socket.on('close', () => members[index].delete(member))
  }
  socket.on('error', () => socket.terminate())
})
server.listen(listenOptions, () => announce(server))
