import { once } from 'node:events'
import { connect, createServer, type Server } from 'node:net'
import { codeOf } from '../database-start-error.ts'

/**
 * Listens on a Unix socket without keeping the process alive. Nothing is ever said on it: that it can be connected to is
 * the whole message, which the kernel gives even while the event loop is busy.
 *
 * @returns null where the folder cannot hold sockets, or cannot be written
 */
export async function listenOn(path: string): Promise<Server | null> {
  const server = createServer((socket) => socket.on('error', () => socket.destroy()).destroy())
  try {
    server.listen(path)
    await once(server, 'listening')
    return server.unref()
  } catch {
    return null
  }
}

/** What a socket in a data folder proves: a process listens on it, none of this kernel does, or nothing. */
export type SocketAnswer = 'answered' | 'refused' | 'unknown'

export async function askSocket(path: string): Promise<SocketAnswer> {
  const socket = connect(path)
  try {
    await once(socket, 'connect')
    return 'answered'
  } catch (error) {
    const code = codeOf(error)
    // EAGAIN: somebody listens, and others are waiting to be accepted.
    if (code === 'EAGAIN') return 'answered'
    return code === 'ECONNREFUSED' ? 'refused' : 'unknown'
  } finally {
    socket.destroy()
  }
}
