import { type FurtherColumn, parseTime, Prisma } from '@gaugeline/prisma'
import { createTestDatabase, type TestDatabase } from '@gaugeline/prisma/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DEFAULT_PAGE, MAX_PAGE, type Page, type PageRequest } from '../base/page.ts'
import type { Keyset, ListSource } from './chunks.ts'
import { CHUNK_ROWS, countOf, pageOf } from './paging.ts'

interface Row {
  id: string
  finishedAt: Date | null
}

const id = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`
const COUNT = 23
/** Rows with many nulls and equal values. */
const TABLE = `create table rows as select
  ('00000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid as id, n % 4 as rank, 'owner ' || n % 3 as owner,
  case when n % 5 >= 2 then timestamptz '2026-01-01Z' + n % 3 * interval '1 day' end as finished_at, n as number
  from generate_series(0, ${COUNT - 1}) n`

const byId = { sql: Prisma.sql`t.id`, type: 'uuid' } as const
const finished = (direction: 'asc' | 'desc'): Keyset => ({
  name: `finished-${direction}`,
  direction,
  columns: [
    { sql: Prisma.sql`t.finished_at`, type: 'nullable-date' },
    { sql: Prisma.sql`t.rank`, type: 'number' },
    byId,
  ],
})
const byOwner: Keyset = {
  name: 'owner',
  direction: 'desc',
  columns: [{ sql: Prisma.sql`t.owner`, type: 'string' }, byId],
}
const keysets = [finished('asc'), finished('desc'), byOwner]

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase('embedded')
  await database.pool.query(TABLE)
})
afterAll(() => database[Symbol.asyncDispose]())

const sourceOf = (keyset: Keyset, more: Partial<ListSource> = {}): ListSource => ({
  keyset,
  from: Prisma.sql`rows t`,
  ...more,
})
const page = (keyset: Keyset, request: PageRequest, more?: Partial<ListSource>): Promise<Page<Row>> =>
  pageOf<Row>(
    async (from, more, orderBy) => {
      const columns = Prisma.raw(['id', 'finished_at', ...more.map(({ name }) => name)].join(', '))
      const statement = Prisma.sql`select ${columns} from (${from}) t ${orderBy}`
      return database.reader.query(statement, ([id, finishedAt, ...more]) => ({
        row: { id: String(id), finishedAt: finishedAt == null ? null : parseTime(finishedAt) },
        more,
      }))
    },
    sourceOf(keyset, more),
    request,
    () => countOf(database.reader, sourceOf(keyset, more)),
  )
const idsOf = ({ edges }: Page<Row>) => edges.map(({ node }) => node.id)
const refused = (request: PageRequest, keyset = byOwner) => page(keyset, request).catch((error: unknown) => error)

describe.each(keysets)('paging by $name', (keyset) => {
  it('returns every row once and in order, from either end and for any page size', async () => {
    const whole = idsOf(await page(keyset, { first: 100 }))
    expect(new Set(whole).size).toBe(COUNT)
    for (const size of [1, 2, 7, 22, 23]) {
      const forward: string[] = []
      let after: string | null = null
      do {
        const next: Page<Row> = await page(keyset, { first: size, after })
        forward.push(...idsOf(next))
        expect(next.pageInfo.hasPreviousPage).toBe(after !== null)
        after = next.pageInfo.hasNextPage ? next.pageInfo.endCursor : null
      } while (after !== null)
      expect(forward).toEqual(whole)

      const backward: string[] = []
      let before: string | null = null
      do {
        const next: Page<Row> = await page(keyset, { last: size, before })
        backward.unshift(...idsOf(next))
        expect(next.pageInfo.hasNextPage).toBe(before !== null)
        before = next.pageInfo.hasPreviousPage ? next.pageInfo.startCursor : null
      } while (before !== null)
      expect(backward).toEqual(whole)
    }
  })

  it('continues after any cursor with the rows that follow, and before it with the rows that precede', async () => {
    const { edges } = await page(keyset, { first: 100 })
    const whole = edges.map(({ node }) => node.id)
    for (const [index, { cursor }] of edges.entries()) {
      expect(idsOf(await page(keyset, { first: 100, after: cursor }))).toEqual(whole.slice(index + 1))
      expect(idsOf(await page(keyset, { last: 100, before: cursor }))).toEqual(whole.slice(0, index))
    }
  })

  it('continues at the same place when rows were added and removed, even the row of the cursor', async () => {
    const whole = idsOf(await page(keyset, { first: 100 }))
    const { pageInfo } = await page(keyset, { first: 10 })
    // Within what is left, as if the others were gone.
    const removed = whole.slice(0, 10).filter((_, index) => index % 2 === 1)
    const within = [Prisma.sql`t.id <> all(${removed}::uuid[])`]
    expect(removed).toContain(whole[9])
    expect(idsOf(await page(keyset, { first: 100, after: pageInfo.endCursor }, { within }))).toEqual(whole.slice(10))
  })

  it('returns the rows between two cursors', async () => {
    const { edges } = await page(keyset, { first: 100 })
    const between = await page(keyset, { first: 3, after: edges[4]?.cursor, before: edges[9]?.cursor })
    expect(idsOf(between)).toEqual(edges.slice(5, 8).map(({ node }) => node.id))
    expect(between.pageInfo.hasNextPage).toBe(true)
  })
})

describe('a filtered list', () => {
  const MANY = CHUNK_ROWS * 2 + 7
  // Numbered from the oldest; those without a time are the newest.
  const many = (direction: 'asc' | 'desc'): Partial<ListSource> & { keyset: Keyset } => ({
    keyset: { ...finished(direction), columns: [{ sql: Prisma.sql`t.finished_at`, type: 'nullable-date' }, byId] },
    from: Prisma.sql`many t`,
  })
  const readNumbers = async (from: Prisma.Sql, more: readonly FurtherColumn[], orderBy: Prisma.Sql) => {
    const statement = Prisma.sql`select ${Prisma.raw(['n', ...more.map(({ name }) => name)].join(', '))} from (${from}) t ${orderBy}`
    return database.reader.query(statement, ([n, ...more]) => ({ row: Number(n), more }))
  }
  const numbers = async (direction: 'asc' | 'desc', filter: Prisma.Sql, request: PageRequest) => {
    const source = { ...sourceOf(finished(direction)), ...many(direction), filter: [filter] }
    const given = await pageOf(readNumbers, source, request, () => countOf(database.reader, source))
    return { ...given, numbers: given.edges.map(({ node }) => node), total: await given.totalCount() }
  }

  beforeAll(() =>
    database.pool.query(`create table many as select gen_random_uuid() as id, n,
      case when n <= ${CHUNK_ROWS + 3} then timestamptz '2026-01-01Z' + n * interval '1 s' end as finished_at
      from generate_series(1, ${MANY}) n`),
  )

  it('has what it finds in any of its chunks, in either direction and from either end', async () => {
    const last = CHUNK_ROWS + 3
    const timed = Prisma.sql`t.n in (1, ${CHUNK_ROWS}, ${CHUNK_ROWS + 1}, ${last})`
    const found = [1, CHUNK_ROWS, CHUNK_ROWS + 1, last]
    expect(await numbers('asc', timed, { first: 3 })).toMatchObject({ numbers: found.slice(0, 3), total: 4 })
    expect(await numbers('desc', timed, { first: 100 })).toMatchObject({ numbers: found.toReversed(), total: 4 })
    expect(await numbers('asc', timed, { last: 3 })).toMatchObject({ numbers: found.slice(1), total: 4 })
    const first = await numbers('asc', timed, { first: 2 })
    expect(await numbers('asc', timed, { first: 2, after: first.pageInfo.endCursor })).toMatchObject({
      numbers: found.slice(2),
      pageInfo: { hasNextPage: false },
    })
    const untimed = Prisma.sql`t.n in (5, ${MANY})`
    expect((await numbers('desc', untimed, {})).numbers).toEqual([5, MANY])
    expect((await numbers('desc', untimed, { last: 2 })).numbers).toEqual([5, MANY])
    expect(await numbers('asc', Prisma.sql`t.n < 0`, {})).toMatchObject({ numbers: [], total: 0 })
    expect((await numbers('asc', Prisma.sql`t.n > 0`, {})).total).toBe(MANY)
  })
})

describe('a page', () => {
  it('puts nulls last in either direction', async () => {
    for (const direction of ['asc', 'desc'] as const) {
      const { edges } = await page(finished(direction), { first: 100 })
      const nulls = edges.map(({ node }) => node.finishedAt === null)
      expect(nulls).toEqual(nulls.toSorted((a, b) => Number(a) - Number(b)))
    }
  })

  it('has 20 rows by default, and at most 100', async () => {
    expect((await page(byOwner, {})).edges).toHaveLength(DEFAULT_PAGE)
    expect((await page(byOwner, { first: MAX_PAGE })).edges).toHaveLength(COUNT)
  })

  it('has no next or previous page when it holds all rows, and no cursors when it holds none', async () => {
    const { pageInfo, edges } = await page(byOwner, { first: 23 })
    expect(pageInfo).toEqual({
      hasNextPage: false,
      hasPreviousPage: false,
      startCursor: edges[0]?.cursor,
      endCursor: edges.at(-1)?.cursor,
    })
    expect((await page(byOwner, {}, { within: [Prisma.sql`false`] })).pageInfo).toEqual({
      hasNextPage: false,
      hasPreviousPage: false,
      startCursor: null,
      endCursor: null,
    })
  })

  it.each([
    { first: 0 },
    { first: -1 },
    { first: 101 },
    { last: 0 },
    { last: -5 },
    { last: 101 },
    { first: 1, last: 1 },
  ])('is refused when its size is %j', async (request) => {
    expect(await refused(request)).toMatchObject({ code: 'BAD_USER_INPUT' })
  })

  it('is refused for a cursor of another order, with a message that says so', async () => {
    const { pageInfo } = await page(finished('asc'), { first: 1 })
    expect(await refused({ after: pageInfo.endCursor }, finished('desc'))).toMatchObject({
      code: 'CURSOR_INVALID',
      message: expect.stringContaining('another order') as unknown,
    })
  })

  const forged = (...values: unknown[]) => Buffer.from(JSON.stringify(values)).toString('base64url')
  it.each([
    ['nothing', ''],
    ['no base64', '%%%'],
    ['no JSON', Buffer.from('{').toString('base64url')],
    ['10 kB', 'A'.repeat(10_240)],
    ['no list', Buffer.from('{"length":4}').toString('base64url')],
    ['null', Buffer.from('null').toString('base64url')],
    ['too few values', forged('finished-asc', null, 1)],
    ['too many values', forged('finished-asc', null, 1, id(1), 1)],
    ['an id that is none', forged('finished-asc', null, 1, "' or 1=1")],
    ['an object for an id', forged('finished-asc', null, 1, { contains: '' })],
    ['a null that cannot be', forged('finished-asc', null, null, id(1))],
    ['a date for a number', forged('finished-asc', null, '1', id(1))],
    ['a number that no int holds', forged('finished-asc', null, 2 ** 31, id(1))],
    ['a fraction', forged('finished-asc', null, 1.5, id(1))],
    ['text for a date', forged('finished-asc', '2026-01-01', 1, id(1))],
    ['a date past all dates', forged('finished-asc', 253_402_300_800_000, 1, id(1))],
    ['a date before all dates', forged('finished-asc', -1, 1, id(1))],
  ])('is refused for a cursor of %s', async (_what, cursor) => {
    for (const request of [{ after: cursor }, { last: 1, before: cursor }]) {
      expect(await refused(request, finished('asc'))).toMatchObject({ code: 'CURSOR_INVALID' })
    }
  })

  it.each([
    ['NUL', 'a\u0000b'],
    ['half a surrogate pair', '\ud800'],
  ])('is refused for a cursor with %s in a text, which no database accepts', async (_what, name) => {
    expect(await refused({ after: forged('owner', name, id(1)) })).toMatchObject({ code: 'CURSOR_INVALID' })
  })
})
