import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { RefusedError } from '../base/errors.ts'
import { MAX_UNREAD_BYTES, MAX_UNREAD_BYTES_PER_CALLER, UNREAD_BYTES_TO_READ_FIRST } from '../base/limits.ts'
import type { Viewer } from '../base/viewer.ts'

/** For a caller that is to read first. */
const RETRY_AFTER_SECONDS = 1

/** What one connection of a caller holds for its reader. */
export class UnreadOfConnection {
  bytes = 0
  readonly cut: () => void
  readonly #onChange: (connection: UnreadOfConnection, change: number) => void

  constructor(cut: () => void, onChange: (connection: UnreadOfConnection, change: number) => void) {
    this.cut = cut
    this.#onChange = onChange
  }

  /** Says how many bytes the kernel has not taken. Cheap when there is nothing to say. */
  set(bytes: number): void {
    if (bytes === this.bytes) return
    const change = bytes - this.bytes
    this.bytes = bytes
    this.#onChange(this, change)
  }
}

interface UnreadOfCaller {
  bytes: number
  connections: Set<UnreadOfConnection>
}

/**
 * What was made for callers and not yet taken from this process, over all transports. Answers can be made much faster
 * than they are read. A caller with much unread gets no further answers until it has read. Where more is made for it all
 * the same, by streams or by operations that were under way, the connection that holds most is cut.
 */
export class UnreadBytes {
  readonly #readFirst: number
  readonly #max: number
  readonly #maxPerCaller: number
  /** By caller: those that have something unread. */
  readonly #callers = new Map<string, UnreadOfCaller>()
  /** By connection and caller: what responses hold. */
  readonly #ofSockets = new WeakMap<Socket, Map<string, UnreadOfConnection>>()
  #total = 0

  constructor({
    readFirst = UNREAD_BYTES_TO_READ_FIRST,
    maxPerCaller = MAX_UNREAD_BYTES_PER_CALLER,
    max = MAX_UNREAD_BYTES,
  } = {}) {
    this.#readFirst = readFirst
    this.#maxPerCaller = maxPerCaller
    this.#max = max
  }

  /** Of all callers. */
  get bytes(): number {
    return this.#total
  }

  /** @throws RefusedError RATE_LIMITED when the caller has to read before it asks for more */
  checkRoom({ key }: Viewer): void {
    const asked = this.#callers.get(key)?.bytes ?? 0
    const max = this.#readFirst
    if (asked <= max) return
    const message = `The bytes of your answers that you have not read may be at most ${max}; now: ${asked}. Read first.`
    const details = { limit: 'unreadBytes', max, asked, retryAfterSeconds: RETRY_AFTER_SECONDS }
    throw new RefusedError('RATE_LIMITED', message, details)
  }

  /**
   * The account of a connection.
   * @param cut closes it at once
   */
  open({ key }: Viewer, cut: () => void): UnreadOfConnection {
    return new UnreadOfConnection(cut, (connection, change) => this.#change(key, connection, change))
  }

  /** Counts the body of a response from now on until it is sent or lost. */
  count(res: ServerResponse, viewer: Viewer, bytes: number): void {
    // Its reader has left while it was made: it is kept for nobody, and nothing would tell when to forget it.
    if (res.req.socket.destroyed) return
    const connection = this.#connectionOf(res.req.socket, viewer)
    connection.set(connection.bytes + bytes)
    res.once('finish', () => connection.set(Math.max(0, connection.bytes - bytes)))
  }

  /** One account for all responses on a connection: a pipelined response whose turn never comes is not closed itself. */
  #connectionOf(socket: Socket, viewer: Viewer): UnreadOfConnection {
    // A proxy sends the requests of many callers over one connection.
    const accounts = this.#ofSockets.get(socket) ?? new Map<string, UnreadOfConnection>()
    this.#ofSockets.set(socket, accounts)
    const known = accounts.get(viewer.key)
    if (known !== undefined) return known
    if (accounts.size === 0) {
      socket.once('close', () => {
        for (const account of accounts.values()) account.set(0)
      })
    }
    const account = this.open(viewer, () => socket.destroy())
    accounts.set(viewer.key, account)
    return account
  }

  #change(key: string, connection: UnreadOfConnection, change: number): void {
    const caller = this.#callers.get(key) ?? { bytes: 0, connections: new Set() }
    this.#callers.set(key, caller)
    this.#total += change
    caller.bytes += change
    if (connection.bytes > 0) caller.connections.add(connection)
    else caller.connections.delete(connection)
    if (caller.connections.size === 0) this.#callers.delete(key)
    if (change < 0) return
    if (caller.bytes > this.#maxPerCaller) largest(caller.connections)?.cut()
    else if (this.#total > this.#max) largest(largest(this.#callers.values())?.connections ?? [])?.cut()
  }
}

function largest<T extends { bytes: number }>(all: Iterable<T>): T | undefined {
  let found: T | undefined
  for (const one of all) if (one.bytes > (found?.bytes ?? 0)) found = one
  return found
}
