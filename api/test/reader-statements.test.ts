import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { allStatements, openFilled, type Sizes, type Statement } from './reader-statements.ts'

/** More than the bound below of whatever a statement could read too much of. */
const SIZE: Sizes = {
  models: 5_000,
  jobs: 6_000,
  curves: 100,
  longCurves: 2,
  stepsPerJob: 6_000,
  deployments: 6_000,
  active: 200,
  events: 6_000,
  recorded: 50,
  samples: 120,
  webhooks: 3,
  deliveriesPerWebhook: 2_000,
}

/** Rows of tables and indexes that one statement may touch. */
const MAX_TOUCHED = 4_500

interface Plan {
  'Node Type': string
  'Actual Rows': number
  'Actual Loops': number
  'Rows Removed by Filter'?: number
  'Rows Removed by Index Recheck'?: number
  Plans?: Plan[]
}

/** What the scans of a plan have read. */
function touched(plan: Plan): number {
  const { 'Actual Rows': rows, 'Actual Loops': loops } = plan
  const removed = (plan['Rows Removed by Filter'] ?? 0) + (plan['Rows Removed by Index Recheck'] ?? 0)
  const own = /(Seq|Index|Index Only|Heap) Scan$/.test(plan['Node Type']) ? (rows + removed) * loops : 0
  return own + (plan.Plans ?? []).reduce((sum, part) => sum + touched(part), 0)
}

describe('the statements of readers on an embedded database', () => {
  let filled: Awaited<ReturnType<typeof openFilled>>

  beforeAll(async () => {
    filled = await openFilled(SIZE)
  })
  afterAll(() => filled[Symbol.asyncDispose]())

  const read = async ({ text, values }: Statement) => {
    const { rows } = await filled.client.query<{ 'QUERY PLAN': [{ Plan: Plan }] }>(
      `explain (analyze, timing off, format json) ${text}`,
      values,
    )
    return touched(rows[0]!['QUERY PLAN'][0].Plan)
  }

  it('read a bounded number of rows each, whatever is asked for and however much there is', async () => {
    const tooMuch: [string, number, string][] = []
    const seen = new Set<string>()
    for await (const [what, statements] of allStatements(filled.app, SIZE)) {
      for (const statement of statements) {
        // The many chunks of one list differ in where they begin only.
        const same = `${what} ${statement.text}`
        if (seen.has(same)) continue
        seen.add(same)
        const rows = await read(statement)
        if (rows > MAX_TOUCHED) tooMuch.push([what, rows, statement.text])
      }
    }
    expect(tooMuch).toEqual([])
    expect(seen.size).toBeGreaterThan(100)
  }, 120_000)
})
