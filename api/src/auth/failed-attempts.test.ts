import { beforeEach, describe, expect, it } from 'vitest'
import { FailedAttempts } from './failed-attempts.ts'

describe('wrong credentials', () => {
  let nowMs: number
  let failures: FailedAttempts

  beforeEach(() => {
    nowMs = 1_000_000
    failures = new FailedAttempts({ now: () => nowMs })
  })

  /** How often an address may fail right now. */
  const triesOf = (address: string) => {
    for (let count = 0; ; count += 1) {
      try {
        failures.check(address)
      } catch (error) {
        expect(error).toMatchObject({ code: 'RATE_LIMITED' })
        return count
      }
      failures.add(address)
    }
  }

  it('are allowed thirty times at once, then once every two seconds', () => {
    expect(triesOf('10.0.0.1')).toBe(30)
    nowMs += 1999
    expect(triesOf('10.0.0.1')).toBe(0)
    nowMs += 1
    expect(triesOf('10.0.0.1')).toBe(1)
    nowMs += 60_000
    expect(triesOf('10.0.0.1')).toBe(30)
  })

  it('are refused with the time to wait', () => {
    triesOf('10.0.0.1')
    expect(() => failures.check('10.0.0.1')).toThrow(expect.objectContaining({ details: { retryAfterSeconds: 2 } }))
    nowMs += 1500
    expect(() => failures.check('10.0.0.1')).toThrow(expect.objectContaining({ details: { retryAfterSeconds: 1 } }))
  })

  it('from one address do not count for another', () => {
    triesOf('10.0.0.1')
    expect(triesOf('10.0.0.2')).toBe(30)
  })

  it('from one IPv6 network count together, those from IPv4-mapped addresses each on their own', () => {
    triesOf('2001:db8:1:2::1')
    expect(triesOf('2001:db8:1:2:ffff:0:0:1')).toBe(0)
    expect(triesOf('2001:db8:1:3::1')).toBe(30)
    triesOf('::ffff:10.0.0.1')
    expect(triesOf('::ffff:10.0.0.2')).toBe(30)
    triesOf('::1')
    expect(triesOf('::2')).toBe(0)
  })

  it('are remembered for at most ten thousand addresses', () => {
    triesOf('10.0.0.1')
    for (let i = 0; i < 9999; i += 1) failures.add(`host ${i}`)
    expect(triesOf('10.0.0.1')).toBe(0)
    failures.add('one more')
    expect(triesOf('10.0.0.1')).toBe(30)
  })
})
