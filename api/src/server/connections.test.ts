import { once } from 'node:events'
import { Agent, type IncomingMessage, request } from 'node:http'
import type { Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { ADMIN_TOKEN, createHttpTestServer, type HttpTestServer } from '../../test/http-test-server.ts'

const authorization = `Bearer ${ADMIN_TOKEN}`
const agents: Agent[] = []
afterEach(() => {
  for (const agent of agents.splice(0)) agent.destroy()
})

/** A client with one connection, which it keeps. */
function createClient(server: HttpTestServer) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  agents.push(agent)
  const get = async (path: string) => {
    const sent = request({ agent, host: '127.0.0.1', port: server.port, path, headers: { authorization } }).end()
    const [response] = (await once(sent, 'response')) as [IncomingMessage]
    client.socket = response.socket
    response.resume()
    await once(response, 'end')
    return { headers: response.headers, isReused: sent.reusedSocket }
  }
  const client = {
    socket: undefined as Socket | undefined,
    get,
    isReused: async () => (await get('/healthz')).isReused,
    untilCut: async () => client.socket?.destroyed === false && (await once(client.socket, 'close')),
  }
  return client
}

describe('a connection between two requests', () => {
  it('stays open for longer than load balancers keep theirs, and for as long as the setting says', async () => {
    await using server = await createHttpTestServer()
    expect((await createClient(server).get('/healthz')).headers['keep-alive']).toBe('timeout=75')
    await using longer = await createHttpTestServer({ keepAliveMs: 620_000 })
    const client = createClient(longer)
    expect((await client.get('/healthz')).headers['keep-alive']).toBe('timeout=620')
    expect(await client.isReused()).toBe(true)
  })

  it('makes room when the server is crowded: the one that has been idle for the longest time first', async () => {
    await using server = await createHttpTestServer({ crowdedAt: 3 })
    const [waiting, first, second, third] = [1, 2, 3, 4].map(() => createClient(server))
    const waited = waiting!.get('/graphql?query={wait}')
    await server.state.untilWaiting()
    await first!.get('/healthz')
    await second!.get('/healthz')
    expect(await first!.isReused()).toBe(true)
    expect(await third!.isReused()).toBe(false)
    // The request in flight is older, but not idle.
    await second!.untilCut()
    expect(await first!.isReused()).toBe(true)
    expect(await third!.isReused()).toBe(true)
    server.state.release()
    expect((await waited).headers['content-length']).toBe('26')
  })
})
