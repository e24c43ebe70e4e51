import { expect, it } from 'vitest'
import { type Deferred, deferred } from '../base/deferred.ts'
import { RefusedError } from '../base/errors.ts'
import { Calls } from './calls.ts'
import { SharedReads } from './shared-reads.ts'

const limits = {
  queries: { atOnce: 2, waiting: 3 },
  mutations: { atOnce: 1, waiting: 3 },
  subscriptions: { atOnce: 1, waiting: 3 },
}
const settled = () => new Promise((resolve) => setImmediate(resolve))
const gone = new RefusedError('UNAVAILABLE', 'The database is not reachable.')

/** Reads whose executions last until the test ends them with their answers. */
function reads({ maxServed = Infinity } = {}) {
  const executions: { callers: readonly string[]; asked: number; end: Deferred<string> }[] = []
  const answers: string[] = []
  const shared = new SharedReads<string>({
    calls: new Calls(limits),
    maxServed: () => maxServed,
    unavailableIn: (answer) => (answer === 'gone' ? gone : undefined),
  })
  const read = (caller: string, key = 'key') =>
    shared
      .read(key, caller, async (callers, asked) => {
        const end = deferred<string>()
        executions.push({ callers, asked, end })
        return await end.promise
      })
      .catch((error: unknown) => (error instanceof RefusedError ? error.code : String(error)))
      .then((answer) => {
        answers.push(`${caller} ${answer}`)
        return answer
      })
  const finish = async (index: number, answer: string) => {
    executions[index]?.end.resolve(answer)
    await settled()
  }
  return { shared, read, executions, answers, finish }
}

it('reads that come while an equal one is executed wait for the next execution, and share it', async () => {
  const { read, executions, answers, finish } = reads()
  void read('a')
  await settled()
  for (const caller of ['a', 'b', 'b']) void read(caller)
  void read('b', 'other key')
  await settled()
  expect(executions.map(({ callers }) => callers)).toEqual([['a'], ['b']])
  await finish(0, 'first')
  expect(answers).toEqual(['a first'])
  expect(executions[2]).toMatchObject({ callers: ['a', 'b'], asked: 3 })
  void read('c')
  await finish(2, 'second')
  expect(answers.slice(1)).toEqual(['a second', 'b second', 'b second'])
  expect(executions[3]).toMatchObject({ callers: ['c'], asked: 1 })
})

it('a caller whose calls are all busy waits for none of them where another caller asks the same', async () => {
  const { read, executions, answers, finish } = reads()
  for (const key of ['1', '2']) void read('busy', key)
  await settled()
  void read('busy')
  await settled()
  expect(executions).toHaveLength(2)
  void read('free')
  await settled()
  expect(executions[2]?.callers).toEqual(['busy', 'free'])
  await finish(2, 'now')
  expect(answers).toEqual(['busy now', 'free now'])
  // Its place in the line is left without an execution for others.
  void read('free')
  await settled()
  await finish(0, 'x')
  await finish(3, 'later')
  expect([answers.at(-1), executions.length]).toEqual(['free later', 4])
})

it('an execution that fails fails all who wait for it; the next ones begin as if nothing were', async () => {
  const { read, executions, answers, finish } = reads()
  void read('a')
  await settled()
  for (const caller of ['a', 'b']) void read(caller)
  await finish(0, 'first')
  executions[1]?.end.reject(new Error('broken'))
  await settled()
  expect(answers).toEqual(['a first', 'a Error: broken', 'b Error: broken'])
  void read('b')
  await settled()
  await finish(2, 'third')
  expect(answers.at(-1)).toBe('b third')
})

it('where the database does not answer, those that wait are refused at once', async () => {
  const { read, executions, answers, finish } = reads()
  void read('a')
  await settled()
  for (const caller of ['a', 'b']) void read(caller)
  await finish(0, 'gone')
  expect(answers).toEqual(['a gone', 'a UNAVAILABLE', 'b UNAVAILABLE'])
  expect(executions).toHaveLength(1)
})

it('a large answer is given to a few reads of each caller at a time, in their order', async () => {
  const { read, answers, finish } = reads({ maxServed: 2 })
  void read('a')
  await settled()
  for (const caller of ['a', 'a', 'a', 'b']) void read(caller)
  await finish(0, '0')
  void read('a')
  await finish(1, '1')
  expect(answers).toEqual(['a 0', 'a 1', 'a 1', 'b 1'])
  await finish(2, '2')
  expect(answers.slice(4)).toEqual(['a 2', 'a 2'])
})

it('reads of a caller are counted until they are answered, and those beyond the limit are refused', async () => {
  const calls = new Calls(limits)
  const shared = new SharedReads<string>({
    calls,
    maxServed: () => 1,
    unavailableIn: () => undefined,
    maxPerCaller: 2,
  })
  const end = deferred()
  const held = ['1', '2'].map(() => shared.during('a', () => end.promise))
  await expect(shared.during('a', async () => 'more')).rejects.toMatchObject({ code: 'RATE_LIMITED' })
  expect(await shared.during('b', async () => 'other')).toBe('other')
  end.resolve()
  await Promise.all(held)
  expect(await shared.during('a', async () => 'again')).toBe('again')
})

it('no read is answered with what was true before its caller’s last write, in any order of reads and writes', async () => {
  let state = 20_261_130
  const random = (below: number) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    return (state >>> 8) % below
  }
  const turns = async (most: number) => {
    for (let left = random(most); left > 0; left -= 1) await (random(4) === 0 ? settled() : undefined)
  }
  const shared = new SharedReads<number>({
    calls: new Calls({ ...limits, queries: { atOnce: 2, waiting: 1_000 } }),
    maxServed: () => 1 + random(5),
    unavailableIn: () => undefined,
  })
  let written = 0
  let executions = 0
  let readsDone = 0
  const ask = () =>
    shared.read('key', `caller ${random(6)}`, async () => {
      executions += 1
      await turns(6)
      const seen = written
      await turns(6)
      return seen
    })
  const client = async () => {
    for (let step = 0; step < 60; step += 1) {
      await turns(4)
      if (random(3) === 0) written += 1
      const own = written
      await turns(3)
      expect(await ask()).toBeGreaterThanOrEqual(own)
      readsDone += 1
    }
  }
  await Promise.all(Array.from({ length: 30 }, client))
  expect(readsDone).toBe(30 * 60)
  expect(executions).toBeLessThan(readsDone / 2)
})
