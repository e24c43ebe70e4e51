import { beforeEach, describe, expect, it } from 'vitest'
import { ManualTime } from '../../test/create-test-deps.ts'
import { RecordingClock } from './clock.ts'

const noon = Date.UTC(2026, 10, 23, 12)

describe('the recording clock', () => {
  let time: ManualTime
  let clock: RecordingClock
  beforeEach(() => {
    time = new ManualTime(noon)
    clock = new RecordingClock(time)
  })

  /** Moves only the monotonic clock, as if the wall clock was set back by the same amount. */
  const passBehindTheWall = (ms: number) => {
    time.monotonicMs += ms
  }

  it('follows the wall clock, even when it is set forward', () => {
    expect(clock.now()).toBe(noon)
    time.pass(1500)
    expect(clock.now()).toBe(noon + 1500)
    time.wallMs += 3_600_000
    expect(clock.now()).toBe(noon + 1500 + 3_600_000)
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
