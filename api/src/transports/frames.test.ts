import { expect, it } from 'vitest'
import { SharedMessage } from '../fanout/shared-message.ts'
import { Frames } from './frames.ts'

/** What is written for a socket: the payloads, each shorter than 126 bytes. */
function written(frames: Frames, id: string, messages: readonly SharedMessage[]): string {
  frames.restart()
  for (const message of messages) frames.add(Buffer.from(`{"id":"${id}","payload":`), message)
  return frames.bytes.toString('latin1').replaceAll(/\u0081./g, '')
}

it('frames of the same messages are not made again for the next socket, until a slow one keeps them', () => {
  const frames = new Frames(1_000)
  const messages = [new SharedMessage('11'), new SharedMessage('22')]
  expect(written(frames, 'a', messages)).toBe('{"id":"a","payload":11}{"id":"a","payload":22}')
  const kept = frames.bytes
  // Nobody changes a message: this shows where it is copied from.
  messages[1]?.json.write('33')
  expect(written(frames, 'b', messages)).toBe('{"id":"b","payload":11}{"id":"b","payload":22}')
  const others = messages.toReversed()
  expect(written(frames, 'c', others)).toBe('{"id":"c","payload":33}{"id":"c","payload":11}')
  messages[1]?.json.write('44')
  expect(written(frames, 'd', others)).toBe('{"id":"d","payload":33}{"id":"d","payload":11}')
  frames.replaceBuffer()
  expect(written(frames, 'e', others)).toBe('{"id":"e","payload":44}{"id":"e","payload":11}')
  expect(kept.toString()).toContain('{"id":"d","payload":33}')
})
