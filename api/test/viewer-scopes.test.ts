import { testDatabaseKinds } from '@gaugeline/prisma/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Scope } from '../src/base/viewer.ts'
import { createToken, openSession } from './access.ts'
import { deploy, pause, registerJob, resume } from './acts.ts'
import { createTestApp, type TestApp } from './create-test-app.ts'
import { GraphQLTestClient } from './graphql-client.ts'
import { liveClient, TRANSPORTS } from './live-clients.ts'
import { WsTestClient } from './ws-client.ts'

describe.each(await testDatabaseKinds())('the permissions of a viewer on %s', (kind) => {
  let app: TestApp

  beforeAll(async () => {
    app = await createTestApp(kind)
  })
  afterAll(() => app[Symbol.asyncDispose]())

  const clientWith = async (...scopes: Scope[]) => {
    const { secret } = await createToken(app.client, { name: 'viewer', scopes })
    return GraphQLTestClient.withToken(app.origin, secret)
  }

  it('follow the scopes of the token', async () => {
    const jobId = await registerJob(app.client)
    const deploymentId = await deploy(app.client)
    const query = `query ($jobId: ID!, $deploymentId: ID!) {
      trainingJob(id: $jobId) { deployability { canDeploy reason } }
      deployment(id: $deploymentId) { canPause canResume canDelete } }`
    const ask = async (...scopes: Scope[]) => await (await clientWith(...scopes)).data(query, { jobId, deploymentId })
    expect(await ask('READ', 'TRAIN', 'ADMIN')).toEqual({
      trainingJob: { deployability: { canDeploy: false, reason: 'NOT_ALLOWED' } },
      deployment: { canPause: false, canResume: false, canDelete: false },
    })
    expect(await ask('READ', 'DEPLOY')).toEqual({
      trainingJob: { deployability: { canDeploy: true, reason: null } },
      deployment: { canPause: true, canResume: false, canDelete: false },
    })
    await app.client.data('mutation ($id: ID!) { pauseDeployment(input: { deploymentId: $id }) { __typename } }', {
      id: deploymentId,
    })
    expect(await ask('READ')).toMatchObject({ deployment: { canPause: false, canResume: false, canDelete: false } })
    expect(await ask('READ', 'DEPLOY')).toMatchObject({
      deployment: { canPause: false, canResume: true, canDelete: true },
    })
  })

  it('let no mutation through over HTTP without its scope: the answer is well-formed and nothing changes', async () => {
    const jobId = await registerJob(app.client)
    const reader = await clientWith('READ')
    const mutation = 'mutation ($id: ID!) { deployTrainingJob(input: { trainingJobId: $id }) { __typename } }'
    for (const accept of ['application/json', 'application/graphql-response+json']) {
      const { status, data, errors } = await reader.request(mutation, { id: jobId }, { accept })
      expect([status, data, errors?.[0]?.extensions?.['code']]).toEqual([403, null, 'FORBIDDEN'])
    }
    const query = 'query ($id: ID!) { trainingJob(id: $id) { activeDeployment { id } } }'
    expect(await reader.data(query, { id: jobId })).toEqual({ trainingJob: { activeDeployment: null } })
  })

  it('end nothing but the answer where they refuse one item of a list while another is still awaited', async () => {
    const trainingJobId = await registerJob(app.client)
    const older = await deploy(app.client, { trainingJobId })
    await pause(app.client, older)
    await pause(app.client, await deploy(app.client, { trainingJobId }))
    await resume(app.client, older)
    // Of a paused deployment, `canResume` asks the database; of an active one it does not.
    const mutation = `mutation ($id: ID!) { deleteTrainingJob(input: { trainingJobId: $id }) {
      ... on TrainingJobHasDeploymentsError { deployments { canResume model { name } } } } }`
    const { data, errors } = await (await clientWith('TRAIN', 'DEPLOY')).request(mutation, { id: trainingJobId })
    expect(data).toBe(null)
    expect(errors).toMatchObject([{ path: ['deleteTrainingJob', 'deployments', 1, 'model'] }])
    // A rejection that nobody takes is known by now, and fails the run.
    await new Promise((next) => setImmediate(next))
  })

  it.each(TRANSPORTS)(
    'keep a viewer out of a shared subscription over %s that others follow at that moment',
    async (transport) => {
      const [{ secret: reader }, { secret: deployer }] = [
        await createToken(app.client, { name: 'reader', scopes: ['READ'] }),
        await createToken(app.client, { name: 'deployer', scopes: ['DEPLOY'] }),
      ]
      const query = 'subscription { fleetMetrics { expected } }'
      await using following = liveClient(transport, app.origin, reader)
      await using updates = following.subscribe(query)
      await updates.next()
      await using refused = liveClient(transport, app.origin, deployer)
      await using none = refused.subscribe(query)
      expect(await none.refusal()).toBe('FORBIDDEN')
      await updates.next()
    },
  )

  it('are complete for the owner, who can end the sessions of other browsers', async () => {
    const signIn = () => openSession(app.origin, { secret: new URL(app.newSignInUrl()).hash.slice(1) })
    const [here, elsewhere] = [await signIn(), await signIn()]
    const owner = new GraphQLTestClient(app.origin, { cookie: here })
    expect(await owner.data('{ viewer { name scopes apiTokens { edges { cursor } } } }')).toMatchObject({
      viewer: { name: 'owner', scopes: ['READ', 'DEPLOY', 'TRAIN', 'ADMIN', 'REPORT'] },
    })
    const socket = await WsTestClient.open(app.origin, { headers: { cookie: elsewhere } })
    await socket.init()
    const end = 'mutation { endSessions(input: {}) { ... on EndSessionsSuccess { endedCount } } }'
    expect(await owner.data(end)).toEqual({ endSessions: { endedCount: 1 } })
    expect((await socket.closed).code).toBe(4403)
    const gone = await new GraphQLTestClient(app.origin, { cookie: elsewhere }).request('{ viewer { name } }')
    expect(gone.status).toBe(401)
  })
})
