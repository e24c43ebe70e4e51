import { expect, it } from 'vitest'
import { Turns } from './turns.ts'

const refusal = () => new Error('full')
const nextTurn = () => new Promise((resolve) => setImmediate(resolve))
const always = () => true

it('heavy work gets one turn of the event loop each, and callers take theirs in rotation', async () => {
  const turns = new Turns({ maxHeavyWaiting: 100, refusal })
  const done: string[] = []
  const work = async (caller: string, n: number) => {
    await turns.take(caller, always)
    done.push(`${caller}${n}`)
  }
  const all = [...[0, 1, 2, 3].map((n) => work('a', n)), work('b', 0), work('b', 1), work('c', 0)]
  await Promise.resolve()
  expect(done).toEqual(['a0'])
  await nextTurn()
  expect(done).toEqual(['a0', 'a1'])
  await Promise.all(all)
  expect(done).toEqual(['a0', 'a1', 'b0', 'c0', 'a2', 'b1', 'a3'])
  const later = work('c', 1)
  await nextTurn()
  await later
  expect(done.at(-1)).toBe('c1')
})

it('of light work several pieces begin in a turn: also of what was heavy when it came, and is not any more', async () => {
  const turns = new Turns({ maxHeavyWaiting: 1000, refusal })
  let isKnown = false
  let done = 0
  const ask = async () => {
    await turns.take('a', () => !isKnown)
    isKnown = true
    done += 1
  }
  const all = Array.from({ length: 101 }, ask)
  await nextTurn()
  expect(done).toBeGreaterThan(1)
  expect(done).toBeLessThan(20)
  for (let n = 0; n < 30; n += 1) await nextTurn()
  expect(done).toBe(101)
  await Promise.all(all)
})

it('light work waits in the rotation as well, and nothing of it is refused', async () => {
  const turns = new Turns({ maxHeavyWaiting: 0, refusal })
  const done: string[] = []
  const work = async (caller: string) => {
    await turns.take(caller, () => false)
    done.push(caller)
  }
  const all = Array.from({ length: 1000 }, () => work('a'))
  all.push(work('b'))
  await Promise.all(all)
  expect(done.indexOf('b')).toBeLessThan(20)
  expect(done).toHaveLength(1001)
})

it('a caller with too much waiting is refused, and others are not', async () => {
  const turns = new Turns({ maxHeavyWaiting: 2, refusal })
  const waiting = [turns.take('a', always), turns.take('a', always), turns.take('a', always)]
  await expect(turns.take('a', always)).rejects.toThrow('full')
  waiting.push(turns.take('b', always))
  await Promise.all(waiting)
})
