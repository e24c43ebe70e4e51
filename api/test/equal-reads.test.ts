import { testDatabaseKinds } from '@gaugeline/prisma/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createToken } from './access.ts'
import { deploy, succeed } from './acts.ts'
import { createTestApp, type TestApp } from './create-test-app.ts'
import { GraphQLTestClient } from './graphql-client.ts'
import { WsTestClient } from './ws-client.ts'

const PAGE = '{ deployments(first: 10) { nodes { id externalId model { name } canPause } } }'

interface Page {
  deployments: { nodes: { id: string; externalId: string | null }[] }
}

/** A caller with a deployment of its own, who reads the page of all over one of the transports. */
interface Writer {
  deploymentId: string
  client: GraphQLTestClient
  page: () => Promise<Page>
}

describe.each(await testDatabaseKinds())('equal queries of several callers over both transports on %s', (kind) => {
  let app: TestApp
  let writers: Writer[]

  beforeAll(async () => {
    app = await createTestApp(kind)
    writers = []
    for (let n = 0; n < 4; n += 1) {
      const deploymentId = await deploy(app.client, { modelName: `model-${n}` })
      const { secret } = await createToken(app.client, { name: `writer ${n}`, scopes: ['READ', 'DEPLOY'] })
      const client = GraphQLTestClient.withToken(app.origin, secret)
      const socket = await WsTestClient.connect(app.origin, secret)
      const pageOverSocket = async () => {
        socket.subscribe(PAGE)
        const { data } = await socket.next()
        // It is complete.
        await socket.messages.next()
        return data as unknown as Page
      }
      const page = n % 2 === 0 ? () => client.data<Page>(PAGE) : pageOverSocket
      writers.push({ deploymentId, client, page })
    }
  })
  afterAll(() => app[Symbol.asyncDispose]())

  it('show each of them their own last write, however they fall together', async () => {
    const write = async ({ client, deploymentId, page }: Writer, externalId: string) => {
      await succeed(client, 'updateDeployment', { deploymentId, externalId }, 'deployment { id }')
      const { deployments } = await page()
      expect(deployments.nodes.find(({ id }) => id === deploymentId)?.externalId).toBe(externalId)
    }
    const progress = { isOver: false }
    const polling = Promise.all(
      writers.map(async ({ client }) => {
        while (!progress.isOver) await client.data(PAGE)
      }),
    )
    await Promise.all(
      writers.map(async (writer, of) => {
        for (let n = 0; n < 5; n += 1) await write(writer, `${of}-${n}`)
      }),
    )
    progress.isOver = true
    await polling
  })
})
