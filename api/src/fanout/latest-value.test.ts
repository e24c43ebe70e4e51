import { beforeEach, describe, expect, it } from 'vitest'
import { LatestValue } from './latest-value.ts'

const END = { done: true, value: undefined }
const settled = () => new Promise((resolve) => setImmediate(resolve))

describe('a latest value', () => {
  let value: LatestValue<number>
  beforeEach(() => {
    value = new LatestValue()
  })

  it('gives a watcher the current value first, then each new one', async () => {
    value.set(1)
    value.set(2)
    const watcher = value.watch()
    expect(await watcher.next()).toEqual({ done: false, value: 2 })
    const next = watcher.next()
    await settled()
    value.set(3)
    expect(await next).toEqual({ done: false, value: 3 })
  })

  it('lets a watcher wait when there is no value yet', async () => {
    const watcher = value.watch()
    const next = watcher.next()
    await settled()
    value.set(7)
    expect(await next).toEqual({ done: false, value: 7 })
  })

  it('gives undefined and null like any other value', async () => {
    const empty = new LatestValue<null | undefined>()
    empty.set(undefined)
    const watcher = empty.watch()
    expect(await watcher.next()).toEqual({ done: false, value: undefined })
    empty.set(null)
    expect(await watcher.next()).toEqual({ done: false, value: null })
  })

  it('skips the values that a slow watcher missed', async () => {
    const watcher = value.watch()
    for (let set = 1; set <= 1000; set += 1) value.set(set)
    expect(await watcher.next()).toEqual({ done: false, value: 1000 })
    const next = watcher.next()
    await settled()
    value.set(1001)
    value.set(1002)
    expect(await next).toEqual({ done: false, value: 1002 })
  })

  it('gives each watcher every value once, also when the new value equals the old one', async () => {
    const [one, other] = [value.watch(), value.watch()]
    value.set(5)
    expect([await one.next(), await other.next()]).toEqual([
      { done: false, value: 5 },
      { done: false, value: 5 },
    ])
    const next = one.next()
    await settled()
    value.set(5)
    expect(await next).toEqual({ done: false, value: 5 })
  })

  it('gives a value to only one of several overlapping calls, and ends all of them', async () => {
    const watcher = value.watch()
    const [first, second, third] = [watcher.next(), watcher.next(), watcher.next()]
    await settled()
    value.set(1)
    expect(await first).toEqual({ done: false, value: 1 })
    await watcher.return?.()
    expect([await second, await third]).toEqual([END, END])
  })

  it('ends a waiting watcher at once, and calls onEnd once', async () => {
    let ended = 0
    const watcher = value.watch(() => (ended += 1))
    expect(value.watchers).toBe(1)
    const waiting = watcher.next()
    await settled()
    expect(await watcher.return?.()).toEqual(END)
    expect(await waiting).toEqual(END)
    await watcher.return?.()
    expect([value.watchers, ended, await watcher.next()]).toEqual([0, 1, END])
  })

  it('counts a watcher from the call of watch until before its onEnd is called', async () => {
    const left: number[] = []
    const watchers = [value.watch(() => left.push(value.watchers)), value.watch(() => left.push(value.watchers))]
    expect(value.watchers).toBe(2)
    for (const watcher of watchers) await watcher.return?.()
    expect(left).toEqual([1, 0])
  })

  it('ends all watchers when it is closed, after giving the last value to those that had not seen it', async () => {
    value.set(1)
    const [seen, unseen] = [value.watch(), value.watch()]
    await seen.next()
    const waiting = seen.next()
    await settled()
    value.close()
    expect(await waiting).toEqual(END)
    expect([await unseen.next(), await unseen.next()]).toEqual([{ done: false, value: 1 }, END])
    expect(value.watchers).toBe(0)
    const late = value.watch()
    expect([await late.next(), await late.next()]).toEqual([{ done: false, value: 1 }, END])
  })
})
