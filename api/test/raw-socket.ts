import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** What is received before the caller is known is read as text frames of less than 64 KiB. */
const FINAL_TEXT = 0x81
const MASKED = 0x80

/** A WebSocket frame with a text message, as a client sends it: masked, here with zeros. */
export function textFrame(text: string): Buffer {
  const payload = Buffer.from(text)
  const { length } = payload
  if (length > 0xff_ff) throw new Error('A frame of 64 KiB or more has another header.')
  const header =
    length < 126
      ? Buffer.from([FINAL_TEXT, MASKED | length])
      : Buffer.from([FINAL_TEXT, MASKED | 126, length >> 8, length & 0xff])
  return Buffer.concat([header, Buffer.alloc(4), payload])
}

/** A WebSocket that does nothing by itself: it neither reads, nor answers pings and close frames. Paused once open. */
export async function openRawSocket(origin: string): Promise<Socket> {
  const { hostname, port, host } = new URL(origin)
  const socket = connect(Number(port), hostname)
  // Is followed by the close.
  socket.on('error', () => undefined)
  const head = [
    'GET /graphql HTTP/1.1',
    `Host: ${host}`,
    'Connection: Upgrade',
    'Upgrade: websocket',
    `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Protocol: graphql-transport-ws',
  ]
  socket.write(`${head.join('\r\n')}\r\n\r\n`)
  const [answer] = (await once(socket, 'data')) as [Buffer]
  if (!answer.toString('latin1').startsWith('HTTP/1.1 101 ')) throw new Error(`Not upgraded: ${answer.toString()}`)
  socket.pause()
  return socket
}

/** Writes the frame as often, as fast as the other side takes it; returns when that is done or the socket is closed. */
export async function writeAll(socket: Socket, frame: Buffer, times: number): Promise<void> {
  for (let n = 0; n < times && !socket.destroyed; n += 1) {
    if (socket.write(frame)) continue
    await new Promise<void>((resolve) => {
      socket.once('drain', resolve).once('close', resolve)
    })
    socket.removeAllListeners('drain')
  }
}
