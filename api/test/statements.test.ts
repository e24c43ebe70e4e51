import { testDatabaseKinds } from '@gaugeline/prisma/testing'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { Sample } from '../src/metrics/sample.ts'
import { createTestApp, type TestApp } from './create-test-app.ts'
import { liveClient } from './live-clients.ts'
import { quiet } from './reader-statements.ts'
import { sampleOf } from './sample-of.ts'

const OBJECTS = 50
const MODELS = 5

/** The statements that reach the database while `work` runs, by whomever; the server renews its lease all the time. */
async function statementsOf(work: () => Promise<unknown>): Promise<string[]> {
  const query = vi.spyOn(pg.Client.prototype, 'query')
  try {
    await work()
    const statements = query.mock.calls.map(([statement]: unknown[]) =>
      typeof statement === 'string' ? statement : String(Reflect.get(Object(statement), 'text')),
    )
    return statements.filter((statement) => !/\bserver_lease\b/.test(statement))
  } finally {
    query.mockRestore()
  }
}

describe.each(await testDatabaseKinds())('statements of an answer on %s', (kind) => {
  let app: TestApp
  let samples: Sample[]

  beforeAll(async () => {
    app = await createTestApp(kind, { sampleIntervalMs: 1000 })
    const { clock, services } = app.deps
    await quiet(app)
    for (let n = 0; n < OBJECTS; n += 1) {
      const job = await services.trainingJobs.register(
        { modelName: `model-${n % MODELS}`, name: `job ${n}`, status: 'COMPLETED' },
        'seed',
      )
      const source = n % 5 === 0 ? { report: {} } : null
      const deployment = await services.deployments.deploy(job.id, { by: 'seed', source })
      if (n % 2 === 0) continue
      await services.deployments.pause(deployment.id, { by: 'seed' })
    }
    const active = await services.sampleStore.recordingHeads()
    const windowStartMs = Math.ceil(clock.now() / 1000) * 1000
    const given = active.map(({ deploymentKey }) => sampleOf({ deploymentKey, windowStartMs, inFlight: 0 }))
    samples = (await services.sampleStore.store(given)).stored
    // Once more, for the fleet: it reads now, and then not for half a minute.
    await services.activeDeployments.start()
  })
  afterAll(() => app[Symbol.asyncDispose]())

  /** What a query costs; it must give as many rows as there are. */
  async function cost(query: string, rows = OBJECTS): Promise<string[]> {
    let given: { edges?: unknown[]; nodes?: unknown[] } | undefined
    const statements = await statementsOf(async () => {
      given = (await app.client.data<{ list: NonNullable<typeof given> }>(query)).list
    })
    expect(given?.edges ?? given?.nodes).toHaveLength(rows)
    return statements
  }
  const expectAtMost = (count: number, statements: string[]) => {
    // The statements themselves, so that a failure shows them.
    expect(statements.slice(count)).toEqual([])
    expect(statements.length).toBeGreaterThan(0)
  }

  it('are at most six for fifty deployments with job, model and latest metrics', async () => {
    const query = `{ list: deployments(first: 50) { edges { cursor node {
      id version status note createdAt createdBy statusChangedAt canPause canDelete
      model { name latestVersion } trainingJob { name status model { name } }
      latestMetrics { at requestsPerSecond errorRate latency { p50Ms p99Ms } } } } pageInfo { hasNextPage } } }`
    expectAtMost(6, await cost(query))
  })

  it('do not grow with what related objects tell of their own relations', async () => {
    const query = `{ list: deployments(first: 50) { nodes { trainingJob { name } model { name }
      again: trainingJob { model { name } ...Active } } } }
      fragment Active on TrainingJob { activeDeployment { version trainingJob { name } } }`
    expectAtMost(8, await cost(query))
  })

  it('do not grow with sparklines, allowed actions and totals, in any order', async () => {
    // They are read once, in chunks, and are in memory afterwards.
    await app.client.data('{ deployments(first: 50) { nodes { recentMetrics { at } } } }')
    for (const orderBy of ['CREATED_AT', 'STATUS_CHANGED_AT', 'MODEL', 'VERSION']) {
      const query = `{ list: deployments(first: 50, orderBy: { field: ${orderBy}, direction: ASC }) { edges { node {
        canResume model { name } trainingJob { name } latestMetrics { at } recentMetrics { at } } } }
        deploymentCounts { total } }`
      expectAtMost(8, await cost(query))
    }
  })

  it('are the same for nodes as for edges, and one more for a total', async () => {
    const fields = 'id model { name } trainingJob { name model { name } } latestMetrics { at }'
    const edges = await cost(`{ list: deployments(first: 50) { edges { node { ${fields} } } } }`)
    const nodes = await cost(`{ list: deployments(first: 50) { nodes { ${fields} } } }`)
    expect(nodes).toEqual(edges)
    const both = `nodes { id model { name } } edges { node { trainingJob { name } } }`
    expectAtMost(edges.length, await cost(`{ list: deployments(first: 50) { ${both} } }`))
    for (const list of ['deployments', 'trainingJobs', 'deploymentEvents']) {
      const without = await cost(`{ list: ${list}(first: 50) { nodes { id } } }`)
      const withTotal = await cost(`{ list: ${list}(first: 50) { totalCount nodes { id } } }`)
      expect(withTotal.slice(without.length).length).toBe(1)
      expect(without.join()).not.toMatch(/count\(/i)
    }
  })

  it('grow by one to tell whether paused deployments can be resumed, and not at all for active ones', async () => {
    const count = async (status: string, field: string) => {
      const query = `{ list: deployments(first: 50, filter: { status: [${status}] }) { edges { node { ${field} } } } }`
      return (await cost(query, OBJECTS / 2)).length
    }
    expect(await count('PAUSED', 'canResume')).toBe((await count('PAUSED', 'id')) + 1)
    expect(await count('ACTIVE', 'canResume')).toBe(await count('ACTIVE', 'id'))
  })

  it('grow by one for the sources of fifty deployments and their health, and not at all for simulated ones', async () => {
    const list = (filter: string, fields: string) =>
      `{ list: deployments(first: 50, ${filter}) { nodes { ${fields} } } }`
    const source =
      'source { kind intervalSeconds scrape { url labels { name } } health { status since lastSuccessAt } }'
    const plain = await cost(list('', 'id'))
    expectAtMost(plain.length + 1, await cost(list('', source)))
    const simulated = 'filter: { source: [SIMULATED] }'
    expectAtMost((await cost(list(simulated, 'id'), 40)).length, await cost(list(simulated, source), 40))
  })

  it('are at most six for fifty training jobs with model, active deployment and deployability', async () => {
    const query = `{ list: trainingJobs(first: 50) { edges { node {
      id name status progress model { name }
      activeDeployment { version model { name } } deployability { canDeploy reason message } } } } }`
    expectAtMost(6, await cost(query))
  })

  it('are at most six for fifty events with their deployments as they are now', async () => {
    const query = `{ list: deploymentEvents(first: 50) { edges { node {
      kind at by modelName version deployment { id status model { name } trainingJob { name } } } } } }`
    expectAtMost(6, await cost(query))
  })

  it('are at most three for fifty training jobs with their loss curves', async () => {
    const query = '{ list: trainingJobs(first: 50) { edges { node { name lossCurve(maxPoints: 20) { step } } } } }'
    expectAtMost(3, await cost(query))
  })

  it('are at most six for a hundred nodes of several types', async () => {
    const { list } = await app.client.data<{
      list: { edges: { node: { id: string; trainingJob: { id: string } } }[] }
    }>('{ list: deployments(first: 50) { edges { node { id trainingJob { id } } } } }')
    const ids = list.edges.flatMap(({ node }) => [node.id, node.trainingJob.id])
    const query = `query ($ids: [ID!]!) { nodes(ids: $ids) {
      ... on Deployment { version model { name } latestMetrics { at } } ... on TrainingJob { name model { name } } } }`
    expectAtMost(6, await statementsOf(() => app.client.data(query, { ids })))
  })

  it('are none for a message of the fleet with deployments, models, jobs and sparklines', async () => {
    await using live = liveClient('websocket', app.origin)
    await using fleet = live.subscribe<{ fleetMetrics: { at: string; deployments: unknown[] } }>(`subscription {
      fleetMetrics { at totals { requests } reported expected deployments { deploymentId metrics { at requests }
        deployment { version status canPause canResume model { name } latestMetrics { at }
          trainingJob { name model { name } activeDeployment { version } deployability { canDeploy } } } } } }`)
    const record = (shiftMs: number) => {
      const shifted = samples.map((sample) => ({
        ...sample,
        sequence: sample.sequence + shiftMs / 1000,
        windowStartMs: sample.windowStartMs + shiftMs,
      }))
      const throughMs = (shifted[0]?.windowStartMs ?? 0) + 1000
      app.deps.bus.publish('recorded', { throughMs, samples: shifted, last: true })
    }
    record(0)
    await fleet.next()
    const statements = await statementsOf(async () => {
      for (const shiftMs of [1000, 2000, 3000]) {
        record(shiftMs)
        const { fleetMetrics } = await fleet.next()
        expect(fleetMetrics.deployments).toHaveLength(OBJECTS / 2)
      }
    })
    expect(statements).toEqual([])
  })
})
