import { afterEach, expect, it, vi } from 'vitest'
import { type Deferred, deferred } from '../base/deferred.ts'
import { RefusedError } from '../base/errors.ts'
import { Calls } from './calls.ts'

const limits = {
  queries: { atOnce: 2, waiting: 3 },
  mutations: { atOnce: 1, waiting: 3 },
  subscriptions: { atOnce: 1, waiting: 3 },
}
const settled = () => new Promise((resolve) => setImmediate(resolve))

afterEach(() => {
  vi.useRealTimers()
})

/** Calls that last until the test ends them. */
function calls(waitMs?: number) {
  const gate = new Calls(limits, waitMs)
  const running: { name: string; end: Deferred<void> }[] = []
  const run = (kind: keyof typeof limits, caller: string, name: string) =>
    gate.run(kind, caller, async () => {
      const end = deferred()
      running.push({ name, end })
      await end.promise
      running.splice(
        running.findIndex((one) => one.end === end),
        1,
      )
      return name
    })
  return { gate, run, running, names: () => running.map(({ name }) => name) }
}

it('a few calls of a caller run at once, the others in their order; other callers and kinds are not held up', async () => {
  const { run, running, names } = calls()
  const all = ['1', '2', '3', '4'].map((name) => run('queries', 'a', name))
  all.push(run('mutations', 'a', 'change'), run('queries', 'b', 'other'))
  await settled()
  expect(names()).toEqual(['1', '2', 'change', 'other'])
  running[0]?.end.resolve()
  await settled()
  expect(names()).toEqual(['2', 'change', 'other', '3'])
  while (running.length > 0) {
    running[0]?.end.resolve()
    await settled()
  }
  expect(await Promise.all(all)).toEqual(['1', '2', '3', '4', 'change', 'other'])
})

it('a call that fails makes room for the next one', async () => {
  const gate = new Calls(limits)
  const failing = Array.from({ length: 4 }, () => gate.run('mutations', 'a', () => Promise.reject(new Error('no'))))
  expect(await Promise.allSettled(failing)).toEqual(
    failing.map(() => ({ status: 'rejected', reason: new Error('no') })),
  )
  expect(await gate.run('mutations', 'a', () => 'done')).toBe('done')
})

it('a call beyond those that may wait is refused with what to do, and has not run', async () => {
  const { run, running } = calls()
  const all = ['1', '2', '3', '4'].map((name) => run('mutations', 'a', name))
  await expect(run('mutations', 'a', '5')).rejects.toMatchObject({
    code: 'RATE_LIMITED',
    details: { limit: 'mutations', max: 1, retryAfterSeconds: 1 },
  })
  for (let n = 0; n < all.length; n += 1) {
    await settled()
    running[0]?.end.resolve()
  }
  expect(await Promise.all(all)).toEqual(['1', '2', '3', '4'])
})

it('calls that wait while one finds the database gone are told so at once, and later ones run', async () => {
  const { gate, run, running } = calls()
  const first = run('mutations', 'a', '1')
  const waiting = [run('mutations', 'a', '2'), run('mutations', 'a', '3')].map((call) => call.catch((e: unknown) => e))
  const other = run('mutations', 'b', 'other')
  await settled()
  const gone = new RefusedError('UNAVAILABLE', 'gone')
  gate.refuseWaiting('mutations', 'a', gone)
  expect(await Promise.all(waiting)).toEqual([gone, gone])
  for (const { end } of running) end.resolve()
  expect(await Promise.all([first, other])).toEqual(['1', 'other'])
  const later = run('mutations', 'a', '4')
  await settled()
  running[0]?.end.resolve()
  expect(await later).toBe('4')
})

it('a call that has waited for too long is refused, and has not run', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const { run, running, names } = calls(5_000)
  const first = run('mutations', 'a', '1')
  const second = run('mutations', 'a', '2')
  const refusal = second.catch((error: unknown) => error)
  await settled()
  vi.advanceTimersByTime(5_000)
  expect(await refusal).toMatchObject({ code: 'RATE_LIMITED' })
  running[0]?.end.resolve()
  expect(await first).toBe('1')
  expect(names()).toEqual([])
})
