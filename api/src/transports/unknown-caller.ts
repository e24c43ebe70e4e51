import type { Socket } from 'node:net'
import type { WebSocket } from 'ws'
import { MAX_UNKNOWN_RECEIVED_BYTES, MAX_UNKNOWN_SENT_BYTES } from '../base/limits.ts'

/** The close code of WebSocket itself for too much data. */
const TOO_BIG = 1009

/**
 * Ends a socket that, before its caller is known, sends or is sent more than it takes to say who one is. What we have
 * sent counts whether or not it was read: nobody can see what waits in the kernels on both sides.
 * @param connection that the socket was made of
 * @returns how to end this, once the caller is known
 */
export function boundUnknownCaller(socket: WebSocket, connection: Socket): () => void {
  const { bytesRead, bytesWritten } = connection
  function check(): void {
    const isOwedTooMuch = connection.bytesWritten - bytesWritten > MAX_UNKNOWN_SENT_BYTES
    if (!isOwedTooMuch && connection.bytesRead - bytesRead <= MAX_UNKNOWN_RECEIVED_BYTES) return
    // What ws refuses by itself gets the code of that.
    if (socket.readyState !== socket.OPEN) return
    if (!isOwedTooMuch) socket.close(TOO_BIG, `At most ${MAX_UNKNOWN_RECEIVED_BYTES} bytes before connection_ack`)
    socket.terminate()
  }
  // The second is for answers that are made between two reads.
  connection.on('data', check)
  socket.on('ping', check)
  return () => {
    connection.off('data', check)
    socket.off('ping', check)
  }
}
