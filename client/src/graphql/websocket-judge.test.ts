import { describe, expect, it } from 'vitest'
import { WebSocketJudge } from './websocket-judge.ts'

function setup() {
  let now = 1_000_000
  let isAnswered = true
  let verdicts = 0
  const judge = new WebSocketJudge({
    reachable: () => Promise.resolve(isAnswered),
    onBlocked: () => (verdicts += 1),
    now: () => now,
  })
  return {
    judge,
    verdicts: () => verdicts,
    pass: (ms: number) => (now += ms),
    http: (answers: boolean) => (isAnswered = answers),
    failTimes: async (times: number) => {
      for (let time = 0; time < times; time += 1) await judge.begin()()
    },
  }
}

describe('the judge of WebSocket', () => {
  it('finds it blocked after three failed attempts while HTTP works', async () => {
    const { failTimes, verdicts } = setup()
    await failTimes(2)
    expect(verdicts()).toBe(0)
    await failTimes(1)
    expect(verdicts()).toBe(1)
  })

  it('never judges an attempt that may still succeed', async () => {
    const { judge, failTimes, verdicts } = setup()
    await failTimes(2)
    judge.begin()
    await Promise.resolve()
    expect(verdicts()).toBe(0)
    judge.connected()
    await failTimes(2)
    expect(verdicts()).toBe(0)
  })

  it('does not count an attempt that began before HTTP worked', async () => {
    const { judge, pass, failTimes, verdicts } = setup()
    judge.outage()
    pass(30_000)
    // The first one only shows that HTTP works.
    await failTimes(3)
    expect(verdicts()).toBe(0)
    await failTimes(1)
    expect(verdicts()).toBe(1)
  })

  it('does not count an attempt after which HTTP fails: that is an outage, which starts the count anew', async () => {
    const { http, pass, failTimes, verdicts } = setup()
    await failTimes(2)
    http(false)
    await failTimes(1)
    http(true)
    pass(60_000)
    await failTimes(3)
    expect(verdicts()).toBe(0)
  })

  it('gives no verdict within 30 s of an outage, however many attempts fail', async () => {
    const { judge, pass, failTimes, verdicts } = setup()
    judge.outage()
    await failTimes(20)
    pass(29_999)
    await failTimes(20)
    expect(verdicts()).toBe(0)
    pass(1)
    await failTimes(1)
    expect(verdicts()).toBe(1)
  })

  it('ignores an attempt that an outage interrupts', async () => {
    const { judge, failTimes, verdicts } = setup()
    await failTimes(2)
    const fail = judge.begin()
    judge.outage()
    await fail()
    expect(verdicts()).toBe(0)
  })

  it('ignores the answer to an old question when a connection has succeeded meanwhile', async () => {
    const { judge, failTimes, verdicts } = setup()
    await failTimes(2)
    const answer = judge.begin()()
    judge.connected()
    await answer
    expect(verdicts()).toBe(0)
  })
})
