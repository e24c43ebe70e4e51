import { prepareTestDatabase } from '@gaugeline/prisma/testing'
import { expect, it } from 'vitest'
import { GraphQLTestClient } from '../graphql-client.ts'
import { WsTestClient } from '../ws-client.ts'
import { register } from './documents.ts'
import { ADMIN_TOKEN, ServerProcess, settingsOf } from './server-process.ts'

// As a URL, which has no spaces.
const FAULT = new URL('./fault-on-signal.mjs', import.meta.url).href

it.each([
  ['exception', 'an error'],
  ['rejection', 'a rejection'],
])(
  'a server logs an unhandled %s once, exits at once, and can be started again',
  async (fault, named) => {
    await using database = await prepareTestDatabase('embedded')
    const settings = settingsOf(database)
    const { server, origin } = await ServerProcess.serving({
      ...settings,
      NODE_OPTIONS: `--import ${FAULT}`,
      FAULT: fault,
    })
    await using _server = server
    await register(GraphQLTestClient.withToken(origin, ADMIN_TOKEN), 'kept/model', 'promised before')
    const socket = await WsTestClient.connect(origin, ADMIN_TOKEN)

    const { code, signal, ms } = await server.end('SIGUSR2')
    expect({ code, signal, stderr: server.stderr }).toEqual({ code: 1, signal: null, stderr: '' })
    expect(ms).toBeLessThan(5000)
    expect((await socket.closed).code).toBe(1006)
    const fatal = server.stdout.split('\n').filter((line) => line.includes('"level":60'))
    expect(fatal.map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { msg: `${named} was not handled; the server exits`, err: { message: `a bug that nobody handles: ${fault}` } },
    ])

    const { server: next, origin: nextOrigin } = await ServerProcess.serving(settings)
    await using _next = next
    const { trainingJobs } = await GraphQLTestClient.withToken(nextOrigin, ADMIN_TOKEN).data(
      '{ trainingJobs(first: 10) { edges { node { name } } } }',
    )
    expect(trainingJobs).toEqual({ edges: [{ node: { name: 'promised before' } }] })
  },
  120_000,
)
