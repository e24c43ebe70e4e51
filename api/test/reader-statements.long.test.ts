import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { allStatements, openFilled, type Sizes, type Statement } from './reader-statements.ts'

/** The bounds of docs/limits.md for an embedded database. Samples of a few deployments: each has an index range of its own. */
const SIZE: Sizes = {
  models: 10_000,
  jobs: 100_000,
  curves: 1_000,
  longCurves: 20,
  stepsPerJob: 10_000,
  deployments: 20_000,
  active: 1_000,
  events: 100_000,
  recorded: 20,
  samples: 21_600,
  webhooks: 50,
  deliveriesPerWebhook: 5_000,
}

const MAX_MS = 50

describe('the statements of readers on a full embedded database', () => {
  let filled: Awaited<ReturnType<typeof openFilled>>

  beforeAll(async () => {
    filled = await openFilled(SIZE)
  }, 1_200_000)
  afterAll(() => filled[Symbol.asyncDispose]())

  /**
   * The least of three: processor time of this process, in a thread of which the database is, with all that comes back.
   * So what else the machine does is not counted.
   */
  const measure = async ({ text, values }: Statement) => {
    let best = Infinity
    for (let n = 0; n < 3; n += 1) {
      const from = process.cpuUsage()
      await filled.client.query(text, values)
      const { user, system } = process.cpuUsage(from)
      best = Math.min(best, (user + system) / 1000)
    }
    return best
  }

  it('take no longer than 50 ms each', async () => {
    const times: { what: string; ms: number; text: string }[] = []
    const seen = new Set<string>()
    for await (const [what, statements] of allStatements(filled.app, SIZE)) {
      for (const statement of statements) {
        const same = `${what} ${statement.text}`
        if (seen.has(same)) continue
        seen.add(same)
        times.push({ what, ms: await measure(statement), text: statement.text })
      }
    }
    times.sort((a, b) => b.ms - a.ms)
    for (const { what, ms, text } of times.slice(0, 20)) {
      process.stdout.write(`${ms.toFixed(1)} ms: ${what}: ${text.replaceAll(/\s+/g, ' ').slice(0, 160)}\n`)
    }
    expect(times.filter(({ ms }) => ms > MAX_MS)).toEqual([])
  }, 3_600_000)
})
