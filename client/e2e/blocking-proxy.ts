import { once } from 'node:events'
import { createServer, request } from 'node:http'

export interface BlockingProxy {
  readonly origin: string
  /** Whether a WebSocket is refused, as some networks do. */
  blocksWebSocket: boolean
  close(): Promise<void>
}

/** A proxy in front of a server at `target`, through which plain HTTP works and, at first, WebSocket does not. */
export async function startBlockingProxy(target: string): Promise<BlockingProxy> {
  const { host, hostname, port } = new URL(target)
  const proxy = createServer()
  const origin = () => {
    const address = proxy.address()
    if (address === null || typeof address === 'string') throw new Error('No port')
    return `http://127.0.0.1:${address.port}`
  }
  const forward = (incoming: { method?: string; url?: string; headers: NodeJS.Dict<string | string[]> }) => {
    const headers = { ...incoming.headers, host, ...(incoming.headers['origin'] ? { origin: target } : {}) }
    return request({ hostname, port, method: incoming.method, path: incoming.url, headers, agent: false })
  }
  const state: BlockingProxy = {
    get origin() {
      return origin()
    },
    blocksWebSocket: true,
    async close() {
      proxy.close()
      proxy.closeAllConnections()
      await once(proxy, 'close')
    },
  }
  proxy.on('request', (req, res) => {
    const onward = forward(req)
    onward.on('response', (answer) => {
      res.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(res)
    })
    onward.on('error', () => res.destroy())
    res.on('close', () => onward.destroy())
    req.pipe(onward)
  })
  proxy.on('upgrade', (req, socket) => {
    socket.on('error', () => socket.destroy())
    if (state.blocksWebSocket) return void socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n')
    const onward = forward(req)
    onward.on('upgrade', ({ rawHeaders }, upstream, head) => {
      const lines = rawHeaders.flatMap((name, index) => (index % 2 ? [] : [`${name}: ${rawHeaders[index + 1]}`]))
      socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join('\r\n')}\r\n\r\n`)
      if (head.length > 0) socket.write(head)
      upstream.on('error', () => socket.destroy())
      upstream.pipe(socket).pipe(upstream)
    })
    onward.on('error', () => socket.destroy())
    onward.end()
  })
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  return state
}
