import { describe, expect, it } from 'vitest'
import { MAX_UNAUTHENTICATED_SOCKETS, MAX_UNAUTHENTICATED_SOCKETS_PER_ADDRESS } from '../base/limits.ts'
import { UnauthenticatedSockets } from './unauthenticated-sockets.ts'

describe('sockets that have not authenticated', () => {
  it('are limited per address, and free their place once', () => {
    const waiting = new UnauthenticatedSockets()
    const ways = Array.from({ length: MAX_UNAUTHENTICATED_SOCKETS_PER_ADDRESS }, () => waiting.enter('10.0.0.1'))
    expect(ways).not.toContain(undefined)
    expect(waiting.enter('10.0.0.1')).toBeUndefined()
    expect(waiting.enter('10.0.0.2')).toBeDefined()
    ways[0]?.()
    ways[0]?.()
    expect(waiting.enter('10.0.0.1')).toBeDefined()
    expect(waiting.enter('10.0.0.1')).toBeUndefined()
  })

  it('are limited in total, whatever their addresses', () => {
    const waiting = new UnauthenticatedSockets()
    const ways = Array.from({ length: MAX_UNAUTHENTICATED_SOCKETS }, (_, i) =>
      waiting.enter(`10.0.${i >> 8}.${i & 255}`),
    )
    expect(ways).not.toContain(undefined)
    expect(waiting.enter('10.1.0.0')).toBeUndefined()
    ways[5]?.()
    expect(waiting.enter('10.1.0.0')).toBeDefined()
  })

  it('are counted together within one IPv6 network', () => {
    const waiting = new UnauthenticatedSockets()
    for (let i = 0; i < MAX_UNAUTHENTICATED_SOCKETS_PER_ADDRESS; i += 1)
      waiting.enter(`2001:db8:1:1::${i.toString(16)}`)
    expect(waiting.enter('2001:db8:1:1:ffff::1')).toBeUndefined()
    expect(waiting.enter('2001:db8:1:2::1')).toBeDefined()
  })
})
