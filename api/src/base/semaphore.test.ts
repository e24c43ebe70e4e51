import { expect, it, vi } from 'vitest'
import { Semaphore } from './semaphore.ts'

const refusal = () => new Error('full')

it('a semaphore gives out its permits and makes others wait, first come, first served', async () => {
  const semaphore = new Semaphore({ max: 2, maxWaiting: 10, refusal })
  const release = await semaphore.acquire()
  await semaphore.acquire()
  const order: string[] = []
  const third = semaphore.acquire().then((next) => {
    order.push('third')
    return next
  })
  const fourth = semaphore.acquire().then(() => order.push('fourth'))
  await Promise.resolve()
  expect(order).toEqual([])
  release()
  ;(await third)()
  await fourth
  expect(order).toEqual(['third', 'fourth'])
})

it('a semaphore refuses callers when its queue is full', async () => {
  const semaphore = new Semaphore({ max: 1, maxWaiting: 1, refusal })
  const release = await semaphore.acquire()
  const waiting = semaphore.acquire()
  await expect(semaphore.acquire()).rejects.toThrow('full')
  release()
  const releaseSecond = await waiting
  releaseSecond()
  await expect(semaphore.acquire()).resolves.toBeTypeOf('function')
})

it('a caller that aborts while waiting leaves the queue of the semaphore', async () => {
  const semaphore = new Semaphore({ max: 1, maxWaiting: 1, refusal })
  const release = await semaphore.acquire()
  const abort = new AbortController()
  const waiting = semaphore.acquire(abort.signal)
  abort.abort(new Error('gone'))
  await expect(waiting).rejects.toThrow('gone')
  const next = semaphore.acquire()
  release()
  await expect(next).resolves.toBeTypeOf('function')
})

it('a permit that reaches a caller who aborts in the same moment goes to the next one', async () => {
  const semaphore = new Semaphore({ max: 1, maxWaiting: 2, refusal })
  const release = await semaphore.acquire()
  const abort = new AbortController()
  const waiting = semaphore.acquire(abort.signal)
  const next = semaphore.acquire()
  release()
  abort.abort(new Error('gone'))
  await expect(waiting).rejects.toThrow('gone')
  await expect(next).resolves.toBeTypeOf('function')
})

it('an aborted signal is refused before it takes a permit', async () => {
  const semaphore = new Semaphore({ max: 1, maxWaiting: 1, refusal })
  await expect(semaphore.acquire(AbortSignal.abort(new Error('gone')))).rejects.toThrow('gone')
  const acquired = vi.fn<() => void>()
  await semaphore.acquire().then(acquired)
  expect(acquired).toHaveBeenCalled()
})
