import { expect, it } from 'vitest'
import { ALL_SCOPES, type Viewer } from '../base/viewer.ts'
import { UnreadBytes } from './unread-bytes.ts'

function createUnread(limits: ConstructorParameters<typeof UnreadBytes>[0]) {
  const unread = new UnreadBytes(limits)
  const cut: string[] = []
  const open = (key: string, name: string) => {
    const connection = unread.open(viewerOf(key), () => {
      cut.push(name)
      connection.set(0)
    })
    return connection
  }
  return { unread, cut, open }
}

function viewerOf(key: string): Viewer {
  return { name: key, key, scopes: ALL_SCOPES }
}

it('of all callers together are limited: the one that has most loses its largest connection', () => {
  const { cut, open } = createUnread({ max: 100 })
  open('a', 'small of a').set(30)
  open('a', 'large of a').set(40)
  open('b', 'b').set(29)
  expect(cut).toEqual([])
  open('c', 'c').set(2)
  expect(cut).toEqual(['large of a'])
  open('c', 'c').set(28)
  expect(cut).toEqual(['large of a'])
})

it('no longer count when they are read', () => {
  const { unread, cut, open } = createUnread({ readFirst: 10, maxPerCaller: 20 })
  const connection = open('a', 'a')
  for (let n = 0; n < 5; n += 1) {
    connection.set(20)
    expect(() => unread.checkRoom(viewerOf('a'))).toThrow('may be at most 10; now: 20. Read first.')
    connection.set(0)
    unread.checkRoom(viewerOf('a'))
    expect(unread.bytes).toBe(0)
  }
  expect(cut).toEqual([])
})
