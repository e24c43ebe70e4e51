import { getLocation, type GraphQLFormattedError, Source } from 'graphql'
import { describe, expect, it } from 'vitest'
import { GraphQLTestClient } from './graphql-client.ts'
import { ADMIN_TOKEN, createHttpTestServer } from './http-test-server.ts'
import { WsTestClient } from './ws-client.ts'

type Ask = (query: string, variables?: Record<string, unknown>) => Promise<readonly GraphQLFormattedError[] | undefined>

/** One document, written by two people. */
const TEXTS = ['subscription Odd { oddOnly }', '# Odd numbers\n\nsubscription   Odd\n{\n\n      oddOnly\n}\n']

/** Where a word is in the text that was sent. */
function placeOf(word: string, text: string) {
  return getLocation(new Source(text), text.indexOf(word))
}

/** Each transport, as a way to send an operation and read the errors in its first answer. */
const TRANSPORTS: Record<string, (origin: string) => Promise<Ask>> = {
  HTTP: async (origin) => {
    const client = GraphQLTestClient.withToken(origin, ADMIN_TOKEN)
    return async (query, variables) => (await client.request(query, variables)).errors
  },
  SSE: async (origin) => {
    const client = GraphQLTestClient.withToken(origin, ADMIN_TOKEN)
    return async (query, variables) => {
      const stream = await client.stream(query, variables)
      const { data } = await stream.events.next()
      await stream.close()
      return data?.errors
    }
  },
  WebSocket: async (origin) => {
    const client = await WsTestClient.connect(origin, ADMIN_TOKEN)
    return async (query, variables) => {
      client.subscribe(query, variables)
      const { type, payload } = await client.messages.next()
      if (type === 'error') return payload as GraphQLFormattedError[]
      // Its `complete`.
      await client.messages.next()
      return (payload as { errors?: GraphQLFormattedError[] }).errors
    }
  },
}

describe.each(Object.entries(TRANSPORTS))('the locations of errors over %s', (_name, connect) => {
  it.each([
    ['a syntax error', '{\n\n   whoami ! }', '!'],
    ['a field that does not exist', '# note\n  {\n whoami,,, nothing }', 'nothing'],
    ['a missing argument value', 'query   ($value:\n Int!) { double(value: $value) }', '$value:'],
    ['a field that is refused', '{\n\n\n     forbidden }', 'forbidden'],
  ])('point into the document that was sent, for %s', async (_what, query, word) => {
    await using server = await createHttpTestServer()
    const ask = await connect(server.origin)
    expect((await ask(query))?.[0]?.locations).toEqual([placeOf(word, query)])
  })
})

describe('the locations of errors in the messages of a subscription', () => {
  it('point into the document of each subscriber, also where another wrote the same one differently', async () => {
    await using server = await createHttpTestServer()
    const client = GraphQLTestClient.withToken(server.origin, ADMIN_TOKEN)
    for (const query of TEXTS) {
      const socket = await WsTestClient.connect(server.origin, ADMIN_TOKEN)
      socket.subscribe(query)
      expect(await socket.next()).toEqual({ data: { oddOnly: '1' } })
      const expected = { errors: [{ path: ['oddOnly'], locations: [placeOf('oddOnly', query)] }] }
      expect(await socket.next()).toMatchObject(expected)
      const stream = await client.stream(query)
      await stream.next()
      expect((await stream.events.next()).data).toMatchObject(expected)
      await stream.close()
    }
  })
})
