import type { WebSocket } from 'ws'

/** Cuts a peer that has vanished without closing: it has one period to answer a ping. */
export function keepAlive(socket: WebSocket, periodMs: number): () => void {
  let isAlive = true
  socket.on('pong', () => {
    isAlive = true
  })
  const timer = setInterval(() => {
    if (!isAlive) return socket.terminate()
    isAlive = false
    socket.ping()
  }, periodMs)
  return () => clearInterval(timer)
}
