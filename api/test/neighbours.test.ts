import { testDatabaseKinds } from '@gaugeline/prisma/testing'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { newSecret } from '../src/auth/secrets.ts'
import { RefusedError } from '../src/base/errors.ts'
import { ALL_SCOPES } from '../src/base/viewer.ts'
import { createTestApp, type TestApp } from './create-test-app.ts'

const STATEMENTS = 400
const STRANGERS = 3000

describe.each(await testDatabaseKinds())('beside callers who ask for too much, on %s', (kind) => {
  let app: TestApp
  let deploymentId: string

  beforeAll(async () => {
    app = await createTestApp(kind, { sampleIntervalMs: 100 })
    const { trainingJobs, deployments } = app.deps.services
    const job = await trainingJobs.register({ modelName: 'a', name: 'b', status: 'COMPLETED' }, 'test')
    deploymentId = (await deployments.deploy(job.id, { by: 'test' })).id
  })
  afterAll(() => app[Symbol.asyncDispose]())

  it('the server is ready and records while hundreds of statements of callers wait for a connection', async () => {
    const { prisma, deployments, sampleLogs } = app.deps.services
    const deployment = await deployments.byId(deploymentId)
    const samples = deployment && (await sampleLogs.follow(deployment, undefined))
    await samples?.next()
    let finished = 0
    const statements = Array.from({ length: STATEMENTS }, async () => {
      await (kind === 'postgres'
        ? prisma.$queryRaw`select pg_sleep(0.03)::text`
        : prisma.$queryRaw`select count(*) from generate_series(1, 5000)`)
      finished += 1
    })
    await statements[0]
    for (let n = 0; n < 3; n += 1) await samples?.next()
    const response = await fetch(`${app.origin}/readyz`)
    expect([response.status, await response.json()]).toMatchObject([200, { status: 'ready' }])
    expect(finished).toBeLessThan(STATEMENTS)
    await Promise.all(statements)
    await samples?.return()
  })

  it('callers are let in, known or not seen before, while thousands of addresses send wrong tokens', async () => {
    const { auth, services } = app.deps
    const newToken = async (name: string) => {
      const by = { name: 'test', scopes: ALL_SCOPES, key: 'test' }
      return (await services.apiTokens.create({ name, scopes: ['READ'] }, by)).secret ?? ''
    }
    const [known, unseen] = [await newToken('known'), await newToken('unseen')]
    const { authenticator } = auth
    await authenticator.authenticate({ token: known })
    // As when any token is revoked: each must be looked up again.
    authenticator.forget()
    const query = vi.spyOn(pg.Client.prototype, 'query')
    let refused = 0
    const strangers = Array.from({ length: STRANGERS }, async (_, n) => {
      const address = `10.0.${Math.floor(n / 250)}.${n % 250}`
      const answer = authenticator.authenticate({ token: `gl_${newSecret()}`, address })
      const refusal = await answer.catch((error: unknown) => error)
      refused += 1
      return refusal instanceof RefusedError ? refusal.code : refusal
    })
    expect(await authenticator.authenticate({ token: known })).toMatchObject({ name: 'known' })
    expect(refused).toBeLessThanOrEqual(1)
    expect(await authenticator.authenticate({ token: unseen, address: '10.1.1.1' })).toMatchObject({ name: 'unseen' })
    expect(new Set(await Promise.all(strangers))).toEqual(new Set(['UNAUTHENTICATED']))
    const lookups = query.mock.calls.filter((call: unknown[]) => JSON.stringify(call[0]).includes('api_tokens'))
    query.mockRestore()
    expect(lookups.length).toBeLessThan(20)
  })
})
