import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Viewer } from '../base/viewer.ts'
import { ALL_SCOPES } from '../base/viewer.ts'
import type { CloseReason } from './live-connections.ts'
import { LiveConnections } from './live-connections.ts'

function viewer(sessionId?: string, expiresAt?: Date, tokenId?: string): Viewer {
  const ids = { ...(sessionId && { sessionId }), ...(tokenId && { tokenId }) }
  return { name: 'amira', scopes: ALL_SCOPES, key: 'owner', ...ids, ...(expiresAt && { expiresAt }) }
}

describe('live connections', () => {
  let connections: LiveConnections
  let closed: [string, CloseReason][]

  beforeEach(() => {
    vi.useFakeTimers({ now: 0 })
    closed = []
    connections = new LiveConnections({ now: () => Date.now() })
  })
  afterEach(() => {
    connections.shutDown('sse')
    vi.useRealTimers()
  })

  function add(name: string, who: Viewer, transport: 'sse' | 'websocket' = 'sse') {
    return connections.add({ viewer: who, transport, close: (reason) => closed.push([name, reason]) })
  }

  it('are closed when their session ends, and no others are', () => {
    add('a', viewer('s1'))
    add('b', viewer('s1'), 'websocket')
    add('c', viewer('s2'))
    add('d', viewer())
    connections.closeEnded({ sessionId: 's1' })
    connections.closeEnded({ sessionId: 's1' })
    expect(closed).toEqual([
      ['a', 'signed-out'],
      ['b', 'signed-out'],
    ])
  })

  it('are closed when their token is revoked, whatever their session, and no others are', () => {
    add('token', viewer(undefined, undefined, 't1'))
    add('its session', viewer('s1', undefined, 't1'), 'websocket')
    add('another', viewer(undefined, undefined, 't2'))
    add('owner', viewer('s2'))
    connections.closeEnded({ tokenId: 't1' })
    expect(closed).toEqual([
      ['token', 'revoked'],
      ['its session', 'revoked'],
    ])
  })

  it('are closed at the millisecond their own credential expires', () => {
    add('later', viewer('s2', new Date(100_001)))
    add('soon', viewer('s1', new Date(60_000)))
    add('never', viewer())
    vi.advanceTimersByTime(59_999)
    expect(closed).toEqual([])
    vi.advanceTimersByTime(1)
    expect(closed).toEqual([['soon', 'expired']])
    vi.advanceTimersByTime(40_000)
    expect(closed).toHaveLength(1)
    vi.advanceTimersByTime(1)
    expect(closed).toEqual([
      ['soon', 'expired'],
      ['later', 'expired'],
    ])
  })

  it('are closed within half a minute when the clock is set forward', () => {
    let aheadMs = 0
    connections = new LiveConnections({ now: () => Date.now() + aheadMs })
    add('a', viewer('s1', new Date(3_600_000)))
    aheadMs = 3_600_000
    vi.advanceTimersByTime(30_000)
    expect(closed).toEqual([['a', 'expired']])
  })

  it('are not closed early for an expiry that is years ahead', () => {
    add('a', viewer('s1', new Date('9999-12-31T23:59:59Z')))
    vi.advanceTimersByTime(24 * 3_600_000)
    expect(closed).toEqual([])
  })

  it('are not closed once they are removed', () => {
    add('a', viewer('s1'))()
    connections.closeEnded({ sessionId: 's1' })
    expect(closed).toEqual([])
    expect(connections.count('sse')).toBe(0)
  })

  it('that are added while their transport shuts down are closed at once', () => {
    add('a', viewer())
    add('socket', viewer(), 'websocket')
    connections.shutDown('sse')
    add('late', viewer())
    expect(closed).toEqual([
      ['a', 'shutdown'],
      ['late', 'shutdown'],
    ])
    expect(connections.count('websocket')).toBe(1)
  })

  it('are refused beyond 2,500 per caller and 10,000 in total, until one is removed', () => {
    const of = (key: string): Viewer => ({ ...viewer(), key })
    const ends = ['a', 'b', 'c', 'd'].flatMap((key) => {
      connections.checkRoom(of(key))
      const forget = Array.from({ length: 2500 }, () => add(key, of(key)))
      if (key !== 'd') {
        expect(() => connections.checkRoom(of(key))).toThrow('of one caller may be at most 2500; asked: 2501')
        connections.checkRoom(of('another'))
      }
      return forget
    })
    expect(() => connections.checkRoom(of('another'))).toThrow('of this server may be at most 10000; asked: 10001')
    ends[0]?.()
    connections.checkRoom(of('another'))
    connections.checkRoom(of('a'))
    expect(() => connections.checkRoom(of('b'))).toThrow('of one caller')
  })
})
