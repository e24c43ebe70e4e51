import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { RefusedError } from '../base/errors.ts'
import { Lanes } from '../base/lanes.ts'
import {
  CALL_WAIT_MS,
  MAX_EXPORT_STALL_MS,
  MAX_EXPORTS,
  MAX_EXPORTS_PER_CALLER,
  MAX_WAITING_EXPORTS_PER_CALLER,
} from '../base/limits.ts'
import { Turns } from '../base/turns.ts'
import type { Viewer } from '../base/viewer.ts'
import { connectionOf, countUnread, drained, writeThrough } from '../transports/sse.ts'
import type { UnreadBytes } from '../transports/unread-bytes.ts'

/** An answer of any length, made while it is read. */
export interface StreamedAnswer {
  contentType: string
  /** Makes a browser store it under this name, of letters, digits and `._-`. */
  fileName?: string
  /** Each makes the next part of the body: some milliseconds of work. */
  parts: AsyncIterable<() => string> | Iterable<() => string>
}

interface StreamedAnswersOptions {
  /** How their refusals call them, in the plural; also the name of the limit. */
  name: string
  unread: UnreadBytes
  /** Tests set a shorter one. */
  stallMs?: number | undefined
}

/**
 * Long answers whose parts are made when the reader has taken those before, so that each holds one part in memory,
 * whatever its length. A few run at once for a caller and for all; their parts are made one a turn of the event loop.
 */
export class StreamedAnswers {
  readonly #unread: UnreadBytes
  readonly #stallMs: number
  readonly #lanes: Lanes
  readonly #all: Lanes
  readonly #turns: Turns
  readonly #refusal: () => RefusedError

  constructor({ name, unread, stallMs = MAX_EXPORT_STALL_MS }: StreamedAnswersOptions) {
    this.#unread = unread
    this.#stallMs = stallMs
    this.#refusal = () =>
      new RefusedError(
        'RATE_LIMITED',
        `Of your ${name}, ${MAX_EXPORTS_PER_CALLER} run at once, and ${MAX_EXPORTS} of all callers; others wait for at ` +
          `most ${CALL_WAIT_MS / 1000} s. This one has not begun: try again in 1 s.`,
        { limit: name, max: MAX_EXPORTS_PER_CALLER, retryAfterSeconds: 1 },
      )
    const maxWaiting = MAX_WAITING_EXPORTS_PER_CALLER
    this.#lanes = new Lanes({ max: MAX_EXPORTS_PER_CALLER, maxWaiting, refusal: this.#refusal })
    this.#all = new Lanes({ max: MAX_EXPORTS, maxWaiting: Infinity, refusal: this.#refusal })
    this.#turns = new Turns({ maxHeavyWaiting: MAX_EXPORTS, refusal: this.#refusal })
  }

  /**
   * Sends what `open` gives. The status is sent once the first part has been found, so what fails until then is answered
   * as an error; later, the connection is cut, which every client tells from the end.
   * @param check called before each part; throws when the caller may read no more
   */
  async send(
    res: ServerResponse,
    viewer: Viewer,
    open: () => Promise<StreamedAnswer>,
    check: () => Promise<unknown>,
  ): Promise<void> {
    this.#unread.checkRoom(viewer)
    const patience = new AbortController()
    const timer = setTimeout(() => patience.abort(this.#refusal()), CALL_WAIT_MS)
    const leave = () => patience.abort(this.#refusal())
    res.once('close', leave)
    try {
      await this.#lanes.run(
        viewer.key,
        () =>
          this.#all.run(
            '',
            async () => {
              clearTimeout(timer)
              await this.#stream(res, viewer, await open(), check)
            },
            patience.signal,
          ),
        patience.signal,
      )
    } finally {
      clearTimeout(timer)
      res.off('close', leave)
    }
  }

  async #stream(
    res: ServerResponse,
    viewer: Viewer,
    { contentType, fileName, parts }: StreamedAnswer,
    check: () => Promise<unknown>,
  ): Promise<void> {
    let socket: Socket | null = null
    let wrote = () => {}
    for await (const part of parts) {
      if (!res.headersSent) {
        socket = await connectionOf(res)
        if (socket === null) return
        sendHead(res, contentType, fileName)
        if (res.req.method === 'HEAD') return void res.end()
        wrote = countUnread(
          res,
          socket,
          this.#unread.open(viewer, () => res.destroy()),
        )
      }
      await this.#turns.take(viewer.key, () => true)
      await check()
      if (res.closed || socket === null) return
      const isTaken = writeThrough(res, socket, part())
      wrote()
      if (!isTaken) await this.#drained(res)
    }
    res.end()
  }

  /** Cuts a reader that has not taken a part in time: it would hold its place for ever. */
  async #drained(res: ServerResponse): Promise<void> {
    const timer = setTimeout(() => res.destroy(), this.#stallMs)
    await drained(res)
    clearTimeout(timer)
  }
}

function sendHead(res: ServerResponse, contentType: string, fileName: string | undefined): void {
  res.writeHead(200, {
    'Content-Type': contentType,
    'Cache-Control': 'no-store',
    // nginx and similar proxies would otherwise collect what is not read yet in files of their own.
    'X-Accel-Buffering': 'no',
    ...(fileName !== undefined && { 'Content-Disposition': `attachment; filename="${fileName}"` }),
  })
}
