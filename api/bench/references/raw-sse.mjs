// The least that an event stream costs with node:http: one ready event, written to every response.
import { createServer } from 'node:http'
import { publishReady } from './ready-messages.mjs'
import { announce, listenOptions } from './listening.mjs'

const members = new Set()

const ready = publishReady(
  (_id, sample) => Buffer.from(`event: next\ndata: ${JSON.stringify({ data: { inferenceMetrics: sample } })}\n\n`),
  (_index, bytes) => {
    for (const response of members) response.write(bytes)
  },
)

const server = createServer((request, response) => {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' })
  for (const bytes of ready.begin(0, request.url)) response.write(bytes)
  members.add(response)
  response.on('close', () => members.delete(response))
})
server.listen(listenOptions, () => announce(server))
