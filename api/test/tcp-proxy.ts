import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'

/** Below those that systems give to whoever asks for any port: one that is closed for a while is still free then. */
const PORTS = { from: 20_000, to: 32_000 }

/** Stands between a client and a TCP server, and is the network that fails. */
export class TcpProxy implements AsyncDisposable {
  readonly #server: Server
  readonly #target: { host: string; port: number }
  readonly #pairs = new Set<[Socket, Socket]>()
  readonly #lost = new Set<[Socket, Socket]>()
  #refuses = false
  #hangs = false
  #port = 0

  private constructor(target: URL) {
    this.#target = { host: target.hostname, port: Number(target.port) }
    this.#server = createServer((client) => this.#accept(client))
  }

  /** @param target like `http://127.0.0.1:4000`; with a port. */
  static async to(target: URL): Promise<TcpProxy> {
    const proxy = new TcpProxy(target)
    await proxy.#listen()
    return proxy
  }

  get port(): number {
    return this.#port
  }

  /** Resets every connection and refuses new ones, like a machine that is down, until `mend`. */
  async cut(): Promise<void> {
    this.#refuses = true
    const closed = new Promise((resolve) => this.#server.close(resolve))
    this.reset()
    await closed
  }

  /** Resets every connection; new ones are served. */
  reset(): void {
    this.#lost.clear()
    for (const [client, server] of this.#pairs) {
      client.resetAndDestroy()
      server.resetAndDestroy()
    }
  }

  /** Keeps every connection and takes new ones, but forwards nothing, like a machine that is stuck, until `mend`. */
  hang(): void {
    this.#hangs = true
    for (const pair of this.#pairs) for (const socket of pair) socket.pause()
  }

  /**
   * Forwards nothing more on the connections there are, and tells neither side, like a firewall that has forgotten
   * them; new ones are served.
   */
  lose(): void {
    for (const pair of this.#pairs) {
      this.#lost.add(pair)
      for (const socket of pair) socket.pause()
    }
  }

  async mend(): Promise<void> {
    this.#hangs = false
    for (const pair of this.#pairs) if (!this.#lost.has(pair)) for (const socket of pair) socket.resume()
    if (this.#refuses) await this.#listen()
    this.#refuses = false
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#refuses) await this.cut()
  }

  /** On the port that it had before, or on a free one. */
  async #listen(): Promise<void> {
    for (;;) {
      const port = this.#port || randomInt(PORTS.from, PORTS.to)
      try {
        this.#server.listen(port, '127.0.0.1')
        await once(this.#server, 'listening')
        this.#port = port
        return
      } catch (error) {
        if (this.#port !== 0 || (error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
      }
    }
  }

  #close(pair: [Socket, Socket]): void {
    // The other side never hears of it.
    if (this.#lost.has(pair)) return
    for (const socket of pair) socket.destroy()
    this.#pairs.delete(pair)
  }

  #accept(client: Socket): void {
    const server = connect(this.#target)
    const pair: [Socket, Socket] = [client, server]
    this.#pairs.add(pair)
    for (const [from, to] of [pair, [server, client] as const]) {
      from.on('data', (data) => to.write(data))
      from.on('error', () => this.#close(pair))
      from.on('close', () => this.#close(pair))
      if (this.#hangs) from.pause()
    }
  }
}

/** A port of this machine, held until `release`, so that nothing else is given it meanwhile. */
export async function reservePort(): Promise<{ port: number; release: () => Promise<void> }> {
  const proxy = await TcpProxy.to(new URL('http://127.0.0.1:1'))
  return { port: proxy.port, release: () => proxy[Symbol.asyncDispose]() }
}

/** A port where nobody listens, which stays free until a server listens there, and while it restarts. */
export async function restartablePort(): Promise<number> {
  const { port, release } = await reservePort()
  await release()
  return port
}
