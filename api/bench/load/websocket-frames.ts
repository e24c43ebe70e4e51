import { randomBytes } from 'node:crypto'

export const TEXT = 1
export const CLOSE = 8
export const PING = 9
export const PONG = 10

/**
 * Calls `onFrame` with opcode and payload bounds of every whole frame of a server's bytes; gives where the first
 * incomplete one begins. Servers neither mask nor, here, fragment.
 */
export function readFrames(
  bytes: Buffer,
  length: number,
  onFrame: (opcode: number, from: number, to: number) => void,
): number {
  let at = 0
  while (at + 2 <= length) {
    const short = (bytes[at + 1] ?? 0) & 0x7f
    const headLength = short < 126 ? 2 : short === 126 ? 4 : 10
    if (at + headLength > length) break
    const size =
      short < 126 ? short : short === 126 ? bytes.readUInt16BE(at + 2) : Number(bytes.readBigUInt64BE(at + 2))
    const to = at + headLength + size
    if (to > length) break
    onFrame((bytes[at] ?? 0) & 0x0f, at + headLength, to)
    at = to
  }
  return at
}

/** A frame as a client sends it: whole and masked. */
export function clientFrame(opcode: number, payload: Buffer): Buffer {
  const mask = randomBytes(4)
  const head = payload.length < 126 ? Buffer.from([0, payload.length | 0x80]) : Buffer.from([0, 126 | 0x80, 0, 0])
  head[0] = 0x80 | opcode
  if (payload.length >= 126) head.writeUInt16BE(payload.length, 2)
  const masked = payload.map((byte, index) => byte ^ (mask[index & 3] ?? 0))
  return Buffer.concat([head, mask, masked])
}
