import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Viewer } from '../auth/viewer.ts'
import { ALL_SCOPES } from '../auth/viewer.ts'
import type { CloseReason } from './live-connections.ts'
import { LiveConnections } from './live-connections.ts'

function viewer(sessionId?: string, expiresAt?: Date): Viewer {
  return { name: 'amira', scopes: ALL_SCOPES, ...(sessionId && { sessionId }), ...(expiresAt && { expiresAt }) }
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

  it('close with the session behind them, and no others', () => {
    add('a', viewer('s1'))
    add('b', viewer('s1'), 'websocket')
    add('c', viewer('s2'))
    add('d', viewer())
    connections.closeSession('s1')
    connections.closeSession('s1')
    expect(closed).toEqual([
      ['a', 'signed-out'],
      ['b', 'signed-out'],
    ])
  })

  it('close within half a minute of the expiry of their credential', () => {
    add('soon', viewer('s1', new Date(60_000)))
    add('later', viewer('s2', new Date(60_001)))
    add('never', viewer())
    vi.advanceTimersByTime(59_999)
    expect(closed).toEqual([])
    vi.advanceTimersByTime(30_000)
    expect(closed).toEqual([['soon', 'expired']])
    vi.advanceTimersByTime(30_000)
    expect(closed).toEqual([
      ['soon', 'expired'],
      ['later', 'expired'],
    ])
  })

  it('are left alone once taken out', () => {
    add('a', viewer('s1'))()
    connections.closeSession('s1')
    expect(closed).toEqual([])
    expect(connections.count('sse')).toBe(0)
  })

  it('that come while their transport shuts down are closed at once', () => {
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
})
