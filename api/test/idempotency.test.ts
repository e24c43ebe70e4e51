import { testDatabaseKinds } from '@gaugeline/prisma/testing'
import { describe, expect, it, vi } from 'vitest'
import { type ActedOn, mutate, type MutationResult, pause, registerJob, remove } from './acts.ts'
import { createTestApp } from './create-test-app.ts'
import type { GraphQLTestClient } from './graphql-client.ts'

const idempotencyKey = 'b2f1c9d8-the-first-call'

/** A mutation's answer with the id of what it made. */
async function made(client: GraphQLTestClient, mutation: string, input: Record<string, unknown>) {
  const field = mutation === 'deployTrainingJob' ? 'deployment' : 'trainingJob'
  const success = `${mutation.charAt(0).toUpperCase()}${mutation.slice(1)}Success`
  const fields = `... on ${success} { made: ${field} { id } }`
  return mutate<MutationResult & { made?: ActedOn }>(client, mutation, { ...input, idempotencyKey }, fields)
}

describe.each(await testDatabaseKinds())('mutations with an idempotency key, through the API on %s', (kind) => {
  it('answer the same when repeated, over a restart too, and conflict with another input', async () => {
    await using app = await createTestApp(kind, { sampleIntervalMs: 60_000 })
    const mutation = 'registerTrainingJob'
    const input = { modelName: 'm', name: 'j', status: 'COMPLETED', hyperparameters: { b: 1, a: [2] } }
    const first = await made(app.client, mutation, input)
    expect(first.__typename).toBe('RegisterTrainingJobSuccess')
    await using after = await app.restart()
    const reordered = {
      hyperparameters: { a: [2], b: 1 },
      status: 'COMPLETED',
      name: 'j',
      modelName: 'm',
      dataset: null,
    }
    expect(await made(after.client, mutation, reordered)).toEqual(first)
    expect(await made(after.client, mutation, { ...input, name: 'k' })).toMatchObject({
      __typename: 'IdempotencyConflictError',
      message: expect.stringContaining('another input'),
    })
    expect(await made(after.client, mutation, { ...input, name: '' })).toMatchObject({
      __typename: 'InvalidInputError',
    })
    expect(await mutate(after.client, mutation, { ...input, idempotencyKey: '' })).toMatchObject({
      __typename: 'InvalidInputError',
      issues: [{ path: ['idempotencyKey'] }],
    })
    expect(await after.deps.services.prisma.trainingJob.count()).toBe(1)
  })

  it('deploy and start once, however many come at once', async () => {
    await using app = await createTestApp(kind, { sampleIntervalMs: 60_000 })
    const trainingJobId = await registerJob(app.client)
    const ten = (work: () => Promise<MutationResult & { made?: ActedOn }>) =>
      Promise.all(Array.from({ length: 10 }, work))
    const deployed = await ten(() => made(app.client, 'deployTrainingJob', { trainingJobId, note: 'once' }))
    expect(deployed.map(({ __typename }) => __typename)).toEqual(Array(10).fill('DeployTrainingJobSuccess'))
    expect(new Set(deployed.map((result) => result.made?.id)).size).toBe(1)
    const conflict = await made(app.client, 'startTrainingJob', { modelName: 'm' })
    expect(conflict.__typename).toBe('IdempotencyConflictError')

    const deploymentId = deployed[0]?.made?.id ?? ''
    await pause(app.client, deploymentId)
    const again = await made(app.client, 'deployTrainingJob', { trainingJobId, note: 'once' })
    expect(again.made?.id).toBe(deploymentId)
    await remove(app.client, deploymentId)
    expect(await made(app.client, 'deployTrainingJob', { trainingJobId, note: 'once' })).toMatchObject({
      __typename: 'IdempotencyConflictError',
      message: expect.stringContaining('gone'),
    })
  })

  it('make one API token, whose secret only the first call returns', async () => {
    await using app = await createTestApp(kind, { sampleIntervalMs: 60_000 })
    const input = { name: 'repeated', scopes: ['READ'], idempotencyKey }
    const fields = '... on CreateApiTokenSuccess { secret apiToken { id } }'
    const make = (more = {}) =>
      mutate<MutationResult & { secret?: string | null; apiToken?: ActedOn }>(
        app.client,
        'createApiToken',
        { ...input, ...more },
        fields,
      )
    const answers = await Promise.all([make(), make(), make()])
    expect(new Set(answers.map(({ apiToken }) => apiToken?.id)).size).toBe(1)
    expect(answers.filter(({ secret }) => secret != null)).toHaveLength(1)
    expect(await make({ scopes: ['READ', 'TRAIN'] })).toMatchObject({ __typename: 'IdempotencyConflictError' })
  })

  it('that failed inside the server may be retried with the same key', async () => {
    await using app = await createTestApp(kind, { sampleIntervalMs: 60_000 })
    const { models } = app.deps.services
    const input = { modelName: 'm', name: 'j' }
    vi.spyOn(models, 'findOrCreate').mockRejectedValueOnce(new Error('a bug'))
    const document =
      'mutation ($input: RegisterTrainingJobInput!) { registerTrainingJob(input: $input) { __typename } }'
    const { errors } = await app.client.request(document, { input: { ...input, idempotencyKey } })
    expect(errors?.[0]?.extensions).toMatchObject({ code: 'INTERNAL' })
    expect(await made(app.client, 'registerTrainingJob', input)).toMatchObject({
      __typename: 'RegisterTrainingJobSuccess',
    })
  })
})
