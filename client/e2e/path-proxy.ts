import { once } from 'node:events'
import { createServer, type IncomingMessage, request } from 'node:http'
import { type AddressInfo, connect } from 'node:net'

/** A reverse proxy that serves one path of its host, as those of other people do. */
export interface PathProxy extends AsyncDisposable {
  readonly origin: string
  /** Whether it removes the path before it passes a request on; otherwise the path arrives as it is. */
  removesPath: boolean
  /** Paths that were asked for outside of its own. */
  readonly strays: string[]
}

export async function startPathProxy(path: string, targetPort: number): Promise<PathProxy> {
  const strays: string[] = []
  const server = createServer()
  const target = (req: IncomingMessage) => {
    const url = req.url ?? ''
    if (url !== path && !url.startsWith(`${path}/`)) return undefined
    return proxy.removesPath ? url.slice(path.length) || '/' : url
  }
  server.on('request', (req, res) => {
    const url = target(req)
    if (url === undefined) {
      strays.push(req.url ?? '')
      return void res.writeHead(404).end('Another application')
    }
    const { method, headers } = req
    const upstream = request({ host: '127.0.0.1', port: targetPort, path: url, method, headers }, (answer) => {
      res.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(res)
    })
    upstream.on('error', () => res.destroy())
    req.pipe(upstream)
    res.on('close', () => upstream.destroy())
  })
  server.on('upgrade', (req, client, head) => {
    const url = target(req)
    if (url === undefined) return void client.destroy()
    const upstream = connect(targetPort, '127.0.0.1')
    const lines = req.rawHeaders.flatMap((name, n) => (n % 2 === 0 ? [`${name}: ${req.rawHeaders[n + 1]}`] : []))
    upstream.write(`GET ${url} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`)
    upstream.write(head)
    client.pipe(upstream).pipe(client)
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      one.on('error', () => other.destroy())
      one.on('close', () => other.destroy())
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const proxy: PathProxy = {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    removesPath: false,
    strays,
    async [Symbol.asyncDispose]() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
  return proxy
}
