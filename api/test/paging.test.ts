import { testDatabaseKinds } from '@gaugeline/prisma/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { decodeId } from '../src/graphql/ids.ts'
import { createTestApp, type TestApp } from './create-test-app.ts'
import { type DeploymentRow, type JobRow, seedDeployments, seedJobs, uuid } from './row-seeds.ts'

interface Connection {
  edges: { cursor: string; node: { id: string } }[]
  nodes: { id: string }[]
  totalCount: number
  pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; startCursor: string | null; endCursor: string | null }
}

const PAGE = `totalCount nodes { id } edges { cursor node { id } }
  pageInfo { hasNextPage hasPreviousPage startCursor endCursor }`
const ARGS = '$first: Int, $after: String, $last: Int, $before: String'
const PASSED = 'first: $first, after: $after, last: $last, before: $before'
const JOBS = `query ($order: TrainingJobOrder, ${ARGS}) { list: trainingJobs(orderBy: $order, ${PASSED}) { ${PAGE} } }`
const DEPLOYMENTS = `query ($order: DeploymentOrder, ${ARGS}) {
  list: deployments(orderBy: $order, ${PASSED}) { ${PAGE} } }`
const MODELS = `query (${ARGS}) { list: models(${PASSED}) { ${PAGE} } }`
const EVENTS = `query (${ARGS}) { list: deploymentEvents(${PASSED}) { ${PAGE} } }`

type Direction = 'ASC' | 'DESC'
type Key = string | number | null

/** By the keys in this direction; nulls come last in either. */
function sorted<Row>(rows: Row[], direction: Direction, keys: (row: Row) => Key[]): Row[] {
  const sign = direction === 'ASC' ? 1 : -1
  return rows.toSorted((a, b) => {
    const [left, right] = [keys(a), keys(b)]
    for (const [index, one] of left.entries()) {
      const other = right[index] ?? null
      if (one === other) continue
      if (one === null) return 1
      if (other === null) return -1
      return one < other ? -sign : sign
    }
    return 0
  })
}

const jobKeys: Record<string, (row: JobRow) => Key[]> = {
  CREATED_AT: (row) => [row.createdAt.getTime(), row.id],
  FINISHED_AT: (row) => [row.finishedAt?.getTime() ?? null, row.id],
  NAME: (row) => [row.name, row.id],
}
const deploymentKeys: Record<string, (row: DeploymentRow) => Key[]> = {
  CREATED_AT: (row) => [row.createdAt.getTime(), row.id],
  STATUS_CHANGED_AT: (row) => [row.statusChangedAt.getTime(), row.id],
  MODEL: (row) => [row.modelName, row.versionNumber],
  VERSION: (row) => [row.versionNumber, row.id],
}
const inBothDirections = (fields: string[]) =>
  fields.flatMap((field) => [
    [field, 'ASC' as const],
    [field, 'DESC' as const],
  ]) as [string, Direction][]

describe.each(await testDatabaseKinds())('paging on %s', (kind) => {
  let app: TestApp
  let jobs: JobRow[]
  let deployments: DeploymentRow[]

  beforeAll(async () => {
    app = await createTestApp(kind, { sampleIntervalMs: 60_000 })
    const { prisma } = app.deps.services
    const seeded = await seedDeployments(prisma, 12)
    deployments = seeded.deployments
    jobs = [...(await seedJobs(prisma, 29)), ...seeded.jobs]
  })
  afterAll(() => app[Symbol.asyncDispose]())

  const page = async (query: string, variables: Record<string, unknown>) =>
    (await app.client.data<{ list: Connection }>(query, variables)).list
  const idsOf = ({ edges }: Connection) => edges.map(({ node }) => decodeId(node.id).id)

  /** Every page from one end to the other, in the order of the list. */
  async function walk(query: string, end: 'first' | 'last', size: number, more: Record<string, unknown> = {}) {
    const walked: string[] = []
    let cursor: string | null = null
    let total = 0
    for (;;) {
      const list = await page(query, { ...more, [end]: size, [end === 'first' ? 'after' : 'before']: cursor })
      const { startCursor, endCursor, hasNextPage, hasPreviousPage } = list.pageInfo
      expect(list.nodes).toEqual(list.edges.map(({ node }) => node))
      total = list.totalCount
      expect([startCursor, endCursor]).toEqual([list.edges[0]?.cursor ?? null, list.edges.at(-1)?.cursor ?? null])
      if (end === 'first') walked.push(...idsOf(list))
      else walked.unshift(...idsOf(list))
      expect(end === 'first' ? hasPreviousPage : hasNextPage).toBe(cursor !== null)
      if (!(end === 'first' ? hasNextPage : hasPreviousPage)) {
        expect(total).toBe(walked.length)
        return walked
      }
      expect(list.edges).toHaveLength(size)
      cursor = end === 'first' ? endCursor : startCursor
    }
  }

  it.each(inBothDirections(Object.keys(jobKeys)))(
    'walks training jobs by %s %s once each, forward and backward, over equal and missing values',
    async (field, direction) => {
      const expected = sorted(jobs, direction, jobKeys[field]!).map(({ id }) => id)
      const order = { field, direction }
      expect(await walk(JOBS, 'first', 7, { order })).toEqual(expected)
      expect(await walk(JOBS, 'last', 7, { order })).toEqual(expected)
      expect(idsOf(await page(JOBS, { order, first: 100 }))).toEqual(expected)
    },
  )

  it.each(inBothDirections(Object.keys(deploymentKeys)))(
    'walks deployments by %s %s once each, forward and backward, over equal values',
    async (field, direction) => {
      const expected = sorted(deployments, direction, deploymentKeys[field]!).map(({ id }) => id)
      const order = { field, direction }
      expect(await walk(DEPLOYMENTS, 'first', 7, { order })).toEqual(expected)
      expect(await walk(DEPLOYMENTS, 'last', 7, { order })).toEqual(expected)
      expect(await walk(DEPLOYMENTS, 'first', 36, { order })).toEqual(expected)
    },
  )

  it('sorts versions as numbers: v1.10.0 after v1.9.0', async () => {
    const query = `{ deployments(filter: { model: "beta" }, orderBy: { field: VERSION, direction: ASC }) {
      edges { node { version } } } }`
    const data = await app.client.data<{ deployments: { edges: { node: { version: string } }[] } }>(query)
    const versions = data.deployments.edges.map(({ node }) => node.version)
    expect(versions).toEqual(Array.from({ length: 12 }, (_, n) => `v1.${n}.0`))
  })

  it('walks models by name, and the lists of an object, both ways', async () => {
    for (const end of ['first', 'last'] as const) {
      const models = await walk(MODELS, end, 3)
      const names = await app.deps.services.prisma.model.findMany({ orderBy: { name: 'asc' } })
      expect(models).toEqual(names.map(({ id }) => id))
      const own = `query (${ARGS}) { model(name: "beta") { list: deployments(${PASSED}) { ${PAGE} } } }`
      const ofBeta = deployments.filter((row) => row.modelName === 'beta')
      const expected = sorted(ofBeta, 'DESC', deploymentKeys['CREATED_AT']!)
      const list = await app.client.data<{ model: { list: Connection } }>(own, { [end]: 100 })
      expect(idsOf(list.model.list)).toEqual(expected.map(({ id }) => id))
    }
  })

  it('gives a page between two cursors', async () => {
    const { edges } = await page(DEPLOYMENTS, { first: 20 })
    const between = { after: edges[4]?.cursor, before: edges[9]?.cursor }
    const expected = edges.slice(5, 9).map(({ cursor }) => cursor)
    for (const size of [{ first: 100 }, { last: 100 }]) {
      const list = await page(DEPLOYMENTS, { ...between, ...size })
      expect(list.edges.map(({ cursor }) => cursor)).toEqual(expected)
    }
  })

  it('gives twenty rows by default, and an empty page after the last row', async () => {
    const list = await page(DEPLOYMENTS, {})
    expect(list.edges).toHaveLength(20)
    const last = await page(DEPLOYMENTS, { last: 1 })
    expect(await page(DEPLOYMENTS, { after: last.pageInfo.endCursor })).toEqual({
      edges: [],
      nodes: [],
      totalCount: 36,
      pageInfo: { hasNextPage: false, hasPreviousPage: true, startCursor: null, endCursor: null },
    })
  })

  it('neither repeats nor leaves out a row while others are inserted and deleted', async () => {
    const { prisma } = app.deps.services
    const { id: modelId } = await prisma.model.findUniqueOrThrow({ where: { name: 'paged' } })
    const insert = (number: number, createdAt: Date) =>
      prisma.trainingJob.create({
        data: { id: uuid(9, number), modelId, name: 'passing by', status: 'QUEUED', createdAt, createdBy: 'seed' },
      })
    const doomed = await insert(0, new Date(0))
    const stays = new Set((await prisma.trainingJob.findMany({ select: { id: true } })).map(({ id }) => id))
    stays.delete(doomed.id)
    const seen: string[] = []
    let after: string | null = null
    for (let number = 1; ; number += 1) {
      const list = await page(JOBS, { first: 5, after })
      seen.push(...idsOf(list))
      if (!list.pageInfo.hasNextPage) break
      after = list.pageInfo.endCursor
      await insert(number, new Date(Date.UTC(2027, 0, number)))
      if (number === 1) await prisma.trainingJob.delete({ where: { id: doomed.id } })
      // The row that the cursor was made of goes: what follows it is still found.
      if (number === 2) {
        await prisma.trainingJob.delete({ where: { id: seen.at(-1)! } })
      }
    }
    expect(seen.length).toBe(new Set(seen).size)
    expect(new Set(seen)).toEqual(stays)
    await prisma.trainingJob.deleteMany({ where: { name: 'passing by' } })
  })

  it('refuses pages of less than one, of more than a hundred, and from both ends', async () => {
    const sizes = [-1, 0, 101, 2_147_483_647].flatMap((size) => [{ first: size }, { last: size }])
    for (const query of [JOBS, DEPLOYMENTS, MODELS, EVENTS]) {
      for (const variables of [...sizes, { first: 5, last: 5 }]) {
        const { data, errors } = await app.client.request(query, variables)
        expect([data, errors?.[0]?.extensions]).toEqual([null, { code: 'BAD_USER_INPUT' }])
      }
      const { errors } = await app.client.request(query, { first: 2_147_483_648 })
      expect(errors?.[0]?.extensions?.['code']).toBe('BAD_USER_INPUT')
    }
  })

  it('refuses cursors that are forged, foreign or of another order', async () => {
    const cursor = async (query: string, more: Record<string, unknown> = {}) =>
      (await page(query, { first: 1, ...more })).pageInfo.startCursor
    const json = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const ofJobs = await cursor(JOBS)
    const ofDeployments = await cursor(DEPLOYMENTS)
    const descending = 'deployment-CREATED_AT-desc'
    const id = uuid(1, 1)
    const forged = [
      'nonsense',
      '\u202e',
      'x'.repeat(10_000),
      json(null),
      json({ length: 3 }),
      json([]),
      json([descending]),
      json([descending, 1, id, 1]),
      json([descending, null, id]),
      json([descending, 'now', id]),
      json([descending, 1e99, id]),
      json([descending, -1, id]),
      json([descending, 1, "' or 1=1 --"]),
      json([descending, 1, { not: id }]),
      json([descending, { gt: 0 }, id]),
    ]
    const ofModels = await cursor(MODELS)
    const ofAnotherOrder = await cursor(DEPLOYMENTS, { order: { field: 'MODEL', direction: 'ASC' } })
    const foreign = [ofJobs, ofModels, ofAnotherOrder]
    for (const end of ['after', 'before']) {
      for (const wrong of [...forged, ...foreign]) {
        const { data, errors } = await app.client.request(DEPLOYMENTS, { [end]: wrong })
        expect([wrong, data, errors?.[0]?.extensions]).toEqual([wrong, null, { code: 'CURSOR_INVALID' }])
      }
      for (const query of [JOBS, MODELS, EVENTS]) {
        const { errors } = await app.client.request(query, { [end]: ofDeployments })
        expect(errors?.[0]?.extensions).toEqual({ code: 'CURSOR_INVALID' })
      }
    }
  })
})
