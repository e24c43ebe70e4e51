import { expect, it } from 'vitest'
import { Lifecycle, type Part } from './lifecycle.ts'

function createPart(name: string, calls: string[], fails?: 'start' | 'stop'): Part {
  const call = async (what: 'start' | 'stop') => {
    calls.push(`${what} ${name}`)
    if (fails === what) throw new Error(`${name} cannot ${what}`)
  }
  return { start: () => call('start'), stop: () => call('stop') }
}

it('parts start in order and stop in reverse', async () => {
  const calls: string[] = []
  const lifecycle = new Lifecycle()
  await lifecycle.start(createPart('a', calls), createPart('b', calls))
  await lifecycle.start({}, createPart('c', calls))
  await lifecycle.stop()
  expect(calls).toEqual(['start a', 'start b', 'start c', 'stop c', 'stop b', 'stop a'])
})

it('a part that fails to start keeps those after it from starting, and is stopped with those before it', async () => {
  const calls: string[] = []
  const lifecycle = new Lifecycle()
  const start = lifecycle.start(createPart('a', calls), createPart('b', calls, 'start'), createPart('c', calls))
  await expect(start).rejects.toThrow('b cannot start')
  await lifecycle.stop()
  expect(calls).toEqual(['start a', 'start b', 'stop b', 'stop a'])
})

it('every part is stopped when one of them fails to, and that failure is thrown', async () => {
  const calls: string[] = []
  const lifecycle = new Lifecycle()
  await lifecycle.start(createPart('a', calls), createPart('b', calls, 'stop'), createPart('c', calls))
  await expect(lifecycle.stop()).rejects.toThrow('b cannot stop')
  expect(calls.slice(3)).toEqual(['stop c', 'stop b', 'stop a'])
})

it('several failures to stop are thrown together', async () => {
  const lifecycle = new Lifecycle()
  await lifecycle.start(createPart('a', [], 'stop'), createPart('b', [], 'stop'))
  await expect(lifecycle.stop()).rejects.toMatchObject({
    errors: [new Error('b cannot stop'), new Error('a cannot stop')],
  })
})

it('stopping a second time does nothing', async () => {
  const calls: string[] = []
  const lifecycle = new Lifecycle()
  await lifecycle.start(createPart('a', calls))
  await lifecycle.stop()
  await lifecycle.stop()
  expect(calls).toEqual(['start a', 'stop a'])
})
