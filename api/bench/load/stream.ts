import { connect, type Socket } from 'node:net'

/** One read buffer for all connections of the process: what is read is counted before the next read. */
const shared = Buffer.allocUnsafe(256 * 1024)

export interface StreamEvents {
  /** Takes what was read, and gives how many of the bytes it has used; the rest is given again with what follows. */
  onBytes: (bytes: Buffer, length: number) => number
  onClose: () => void
}

/** A TCP connection that neither allocates nor copies for what arrives whole. */
export class ByteStream {
  readonly socket: Socket
  #carry: Buffer | undefined

  constructor(origin: URL, localAddress: string | undefined, { onBytes, onClose }: StreamEvents) {
    this.socket = connect({
      host: origin.hostname,
      port: Number(origin.port),
      noDelay: true,
      ...(localAddress === undefined ? {} : { localAddress }),
      onread: {
        buffer: shared,
        callback: (length) => {
          let bytes = shared
          let total = length
          if (this.#carry !== undefined) {
            bytes = Buffer.concat([this.#carry, shared.subarray(0, length)])
            total = bytes.length
          }
          const used = onBytes(bytes, total)
          this.#carry = used < total ? Buffer.from(bytes.subarray(used, total)) : undefined
          return true
        },
      },
    })
    // A refused or reset connection also closes.
    this.socket.on('error', () => undefined)
    this.socket.once('close', onClose)
  }
}
