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

  it('may be sent thirty times, then one every two seconds', () => {
    expect(triesOf('10.0.0.1')).toBe(30)
    nowMs += 1999
    expect(triesOf('10.0.0.1')).toBe(0)
    nowMs += 1
    expect(triesOf('10.0.0.1')).toBe(1)
    nowMs += 60_000
    expect(triesOf('10.0.0.1')).toBe(30)
  })

  it('say when to come back', () => {
    triesOf('10.0.0.1')
    expect(() => failures.check('10.0.0.1')).toThrow(expect.objectContaining({ details: { retryAfterSeconds: 2 } }))
    nowMs += 1500
    expect(() => failures.check('10.0.0.1')).toThrow(expect.objectContaining({ details: { retryAfterSeconds: 1 } }))
  })

  it('of one address are no other’s', () => {
    triesOf('10.0.0.1')
    expect(triesOf('10.0.0.2')).toBe(30)
  })

  it('of one IPv6 network count together, those of IPv4 in IPv6 alone', () => {
    triesOf('2001:db8:1:2::1')
    expect(triesOf('2001:db8:1:2:ffff:0:0:1')).toBe(0)
    expect(triesOf('2001:db8:1:3::1')).toBe(30)
    triesOf('::ffff:10.0.0.1')
    expect(triesOf('::ffff:10.0.0.2')).toBe(30)
    triesOf('::1')
    expect(triesOf('::2')).toBe(0)
  })

  it('are remembered of ten thousand addresses and no more', () => {
    triesOf('10.0.0.1')
    for (let i = 0; i < 9999; i += 1) failures.add(`host ${i}`)
    expect(triesOf('10.0.0.1')).toBe(0)
    failures.add('one more')
    expect(triesOf('10.0.0.1')).toBe(30)
  })
})
