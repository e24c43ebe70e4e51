import type { IncomingMessage, Server } from 'node:http'
import type { Socket } from 'node:net'

/** Whether a request asks for WebSocket. HTTP/1.0 knows no upgrade, and a client may list several protocols. */
export function asksForWebSocket({ headers, httpVersion }: IncomingMessage): boolean {
  const protocols = (headers.upgrade ?? '').toLowerCase().split(',')
  return httpVersion === '1.1' && protocols.some((protocol) => protocol.trim() === 'websocket')
}

/**
 * Ignores the upgrade that a request offers: a server need not follow it (RFC 9110, section 7.8), and Java's HTTP
 * client offers `h2c` with every request. Node has handed the connection over at the end of the request's headers, so
 * they are put back in front of what follows, without `Upgrade`, and the server is given the connection again: it reads
 * the request like any other, with every limit.
 *
 * This is not left to Node's shouldUpgradeCallback: Node 24 then loses what it has received beyond the request, and
 * would read the rest of a pipelined request as a new one.
 *
 * @param answered resolves when the earlier requests of this connection are answered. Until then the server may not
 *   have it: it would start the next response in the middle of another.
 */
export function ignoreUpgrade(
  server: Server,
  req: IncomingMessage,
  socket: Socket,
  head: Buffer,
  answered: Promise<void>,
): void {
  socket.unshift(Buffer.concat([headersWithoutUpgrade(req), head]))
  // Node has removed its own listeners.
  const cut = () => socket.destroy()
  socket.on('error', cut).on('timeout', cut)
  void answered.then(() => {
    if (socket.destroyed || socket.writableEnded) return
    socket.off('error', cut).off('timeout', cut)
    server.emit('connection', socket)
  })
}

/** The bytes of a request's line and headers. The server must not have left out any of them (`maxHeadersCount`). */
function headersWithoutUpgrade({ method, url, httpVersion, rawHeaders }: IncomingMessage): Buffer {
  const lines = [`${method} ${url} HTTP/${httpVersion}`]
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (rawHeaders[i]?.toLowerCase() !== 'upgrade') lines.push(`${rawHeaders[i]}:${rawHeaders[i + 1]}`)
  }
  // As Node has read them: a character for each byte. Its parser takes no line break for a part of a value.
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1')
}
