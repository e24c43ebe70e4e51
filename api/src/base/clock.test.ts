import { beforeEach, describe, expect, it } from 'vitest'
import { ManualTime } from '../../test/create-test-deps.ts'
import { type ClockChange, monotonicTime, RecordingClock } from './clock.ts'

const noon = Date.UTC(2026, 10, 23, 12)

describe('the recording clock', () => {
  let time: ManualTime
  let clock: RecordingClock
  let said: [ClockChange, number][]
  beforeEach(() => {
    time = new ManualTime(noon)
    said = []
    clock = new RecordingClock(time, (change, aheadMs) => said.push([change, aheadMs]))
  })

  /** Time passes, and the clock is read every second. */
  const readFor = (ms: number) => {
    for (let passed = 0; passed < ms; passed += 1000) {
      time.pass(1000)
      clock.now()
    }
  }

  /** Moves only the monotonic clock, as if the wall clock was set back by the same amount. */
  const passBehindTheWall = (ms: number) => {
    time.monotonicMs += ms
  }

  it('follows the wall clock, even when it is set forward by less than a minute', () => {
    expect(clock.now()).toBe(noon)
    time.pass(1500)
    expect(clock.now()).toBe(noon + 1500)
    time.wallMs += 59_000
    expect(clock.now()).toBe(noon + 1500 + 59_000)
    expect(said).toEqual([])
  })

  it.each([
    ['two hours ahead for five seconds', 2 * 3_600_000, 5000],
    ['thirty days ahead for 45 seconds', 30 * 24 * 3_600_000, 45_000],
    ['a little more than a minute ahead for almost five minutes', 60_001, 299_000],
  ])('takes no notice of a wall clock that is %s, and says so', (_what, aheadMs, forMs) => {
    time.wallMs += aheadMs
    readFor(forMs)
    expect(clock.now()).toBe(noon + forMs)
    time.wallMs -= aheadMs
    expect(clock.now()).toBe(noon + forMs)
    expect(said).toEqual([
      ['ahead', aheadMs],
      ['right', 0],
    ])
  })

  it('follows a wall clock that jumped ahead once it has kept to its new time for five minutes', () => {
    time.wallMs += 3_600_000
    readFor(300_000)
    expect(clock.now()).toBe(noon + 300_000)
    readFor(1000)
    expect(clock.now()).toBe(noon + 3_600_000 + 301_000)
    expect(said).toEqual([
      ['ahead', 3_600_000],
      ['followed', 3_600_000],
    ])
  })

  it('waits five minutes after the last of several jumps ahead', () => {
    time.wallMs += 3_600_000
    readFor(200_000)
    time.wallMs += 3_600_000
    readFor(300_000)
    expect(clock.now()).toBe(noon + 500_000)
    readFor(1000)
    expect(clock.now()).toBe(noon + 2 * 3_600_000 + 501_000)
    expect(said.map(([change]) => change)).toEqual(['ahead', 'ahead', 'followed'])
  })

  it('goes on at once after the machine was suspended', () => {
    clock.now()
    time.pass(8 * 3_600_000)
    expect(clock.now()).toBe(noon + 8 * 3_600_000)
    expect(said).toEqual([])
  })

  it('says once that the wall clock is behind what was recorded, and that it has caught up', () => {
    clock.advanceTo(noon + 120_000)
    readFor(5000)
    expect(clock.now()).toBe(noon + 125_000)
    time.wallMs += 120_000
    readFor(1000)
    expect(clock.now()).toBe(noon + 126_000)
    expect(said).toEqual([
      ['behind', -120_000],
      ['right', 0],
    ])
  })

  it('continues with the monotonic clock when the wall clock is set back, however often it is read', () => {
    time.wallMs -= 3_600_000
    for (let second = 1; second <= 5; second += 1) {
      time.pass(1000)
      expect(clock.now()).toBe(noon + second * 1000)
      expect(clock.now()).toBe(noon + second * 1000)
    }
  })

  it('returns no time twice if time passed between two reads while the wall clock was set back', () => {
    time.wallMs -= 10_000
    clock.now()
    time.pass(7000)
    expect(clock.now()).toBe(noon + 7000)
  })

  it('follows the wall clock again once that has caught up', () => {
    time.wallMs -= 5000
    passBehindTheWall(2000)
    expect(clock.now()).toBe(noon + 2000)
    time.wallMs = noon + 1999
    expect(clock.now()).toBe(noon + 2000)
    time.wallMs = noon + 2500
    expect(clock.now()).toBe(noon + 2500)
    time.pass(1)
    expect(clock.now()).toBe(noon + 2501)
  })

  it('follows a wall clock that is slower than the monotonic clock but does not go back', () => {
    time.wallMs += 900
    time.monotonicMs += 1000
    expect(clock.now()).toBe(noon + 900)
  })

  it('never goes back, whatever the wall clock does', () => {
    let last = clock.now()
    for (const jump of [-1, 5, -3_600_000, 0, 3_599_000, 2000, -7, 86_400_000, -86_400_000]) {
      time.wallMs += jump
      passBehindTheWall(3)
      const now = clock.now()
      expect(now).toBeGreaterThanOrEqual(last)
      last = now
    }
  })

  it('continues from the time it was moved to until the wall clock reaches that time', () => {
    clock.advanceTo(noon + 60_000)
    expect(clock.now()).toBe(noon + 60_000)
    time.pass(10_000)
    expect(clock.now()).toBe(noon + 70_000)
    time.wallMs = noon + 100_000
    expect(clock.now()).toBe(noon + 100_000)
  })

  it('cannot be moved back', () => {
    clock.advanceTo(noon - 1)
    expect(clock.now()).toBe(noon)
    time.pass(1000)
    clock.advanceTo(noon + 500)
    expect(clock.now()).toBe(noon + 1000)
  })
})

describe('the monotonic time', () => {
  it('goes on while the machine is suspended, however coarse its uptime is', () => {
    let awakeMs = 5000
    let suspendedMs = 0
    const monotonic = monotonicTime(
      () => Math.floor((100_000 + awakeMs + suspendedMs) / 1000),
      () => awakeMs,
    )
    const begin = monotonic()
    const passed = (ms: number) => {
      awakeMs += ms
      return monotonic() - begin
    }
    expect([passed(10), passed(990), passed(499.5)]).toEqual([10, 1000, 1499.5])
    suspendedMs = 8 * 3_600_000
    const after = passed(500) - 8 * 3_600_000
    expect(Math.abs(after - 1999.5)).toBeLessThanOrEqual(1000)
    expect(passed(60_000)).toBe(after + 8 * 3_600_000 + 60_000)
  })
})
