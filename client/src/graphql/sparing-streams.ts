import type { OpenEventStream } from './event-stream.ts'
import type { ClientSink, StreamClient, StreamRequest } from './streams.ts'

/** How often what has no stream is asked for. */
const ROUND_MS = 5_000
/** An asked stream has told everything when nothing has come for this long: at first, and after a result. */
const QUIET_AT_FIRST_MS = 1_000
const QUIET_MS = 300
/** A stream that never falls silent is asked for this long, and one that does not begin has failed after it. */
const LONGEST_MS = 4_000

interface SparingOptions {
  open: OpenEventStream
  /** Takes a slot for an event stream, if there is one; returns how to give it back. */
  takeSlot: () => Promise<(() => void) | undefined>
  /** Whether this is the stream that every page has beside its own. */
  isShell: (request: StreamRequest) => boolean
  /** Asks again for what the page shows, in every round. */
  refresh: () => void
}

interface Entry {
  request: StreamRequest
  sink: ClientSink
  /** It has been asked for, or had a stream, at least once. */
  isKnown: boolean
  /** Ends what is open for it. */
  stop: (() => void) | undefined
}

/**
 * Streams over SSE, for browsers that reach the server with a handful of connections only. The page's own stream, which
 * carries its figures, has a connection if there is a slot for one. All others, and that one without a slot, are asked
 * for in rounds: opened one after the other, each until it falls silent. A log is asked from its cursor, so nothing is
 * missed; a stream of state begins with its current value.
 */
export class SparingStreams implements StreamClient {
  readonly via = 'sse'
  readonly #options: SparingOptions
  readonly #entries = new Set<Entry>()
  #release: (() => void) | undefined
  /** The entry that has the stream. */
  #streaming: Entry | undefined
  #isRunning = false
  #wake = () => {}

  constructor(options: SparingOptions) {
    this.#options = options
  }

  get name(): 'live' | 'asking' {
    return this.#release ? 'live' : 'asking'
  }

  subscribe(request: StreamRequest, sink: ClientSink): () => void {
    const entry: Entry = { request, sink, isKnown: false, stop: undefined }
    this.#entries.add(entry)
    this.#changed()
    void this.#run()
    return () => {
      if (!this.#entries.delete(entry)) return
      entry.stop?.()
      this.#changed()
    }
  }

  restart(): void {
    for (const { stop, sink } of this.#drain()) {
      stop?.()
      sink.error(new Error('The network has changed.'))
    }
  }

  #drain(): Entry[] {
    const entries = [...this.#entries]
    this.#entries.clear()
    this.#changed()
    return entries
  }

  /** When a page changes, its streams end just before the next page's begin: both count as one change. */
  #changed(): void {
    queueMicrotask(() => {
      this.#stream()
      this.#wake()
    })
  }

  /** The rounds, as long as there is something to ask for. */
  async #run(): Promise<void> {
    if (this.#isRunning) return
    this.#isRunning = true
    let nextRound = 0
    while (this.#entries.size > 0) {
      const isRound = Date.now() >= nextRound
      if (isRound) nextRound = Date.now() + ROUND_MS
      this.#release ??= await this.#options.takeSlot()
      this.#stream()
      const asked = [...this.#entries].filter((entry) => entry !== this.#streaming && (isRound || !entry.isKnown))
      for (const entry of asked) await this.#ask(entry)
      if (isRound && asked.length > 0) this.#options.refresh()
      await this.#pause(nextRound - Date.now())
    }
    this.#release?.()
    this.#release = undefined
    this.#isRunning = false
  }

  /** Waits for the next round, or until something new is to be asked for. */
  async #pause(ms: number): Promise<void> {
    const entries = [...this.#entries]
    if (entries.length === 0 || entries.some(({ isKnown }) => !isKnown)) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  /** Gives the slot's stream to the entry that was subscribed last, the shell's only if there is no other. */
  #stream(): void {
    const entries = this.#release ? [...this.#entries] : []
    const own = entries.findLast(({ request }) => !this.#options.isShell(request)) ?? entries.at(-1)
    if (own === this.#streaming) return
    if (this.#streaming) this.#streaming.stop?.()
    this.#streaming = own
    if (!own) return
    own.stop?.()
    this.#open(own, () => {})
  }

  /** Opens a stream for the entry. It stops with what `entry.stop` then is. */
  #open(entry: Entry, onEvent: () => void): void {
    entry.isKnown = true
    const end = (tell: () => void) => {
      entry.stop?.()
      if (this.#entries.delete(entry)) tell()
      this.#changed()
    }
    const late = setTimeout(() => end(() => entry.sink.error(new Error('The server does not answer.'))), LONGEST_MS)
    const close = this.#options.open(entry.request, {
      begun: () => {
        clearTimeout(late)
        entry.sink.delivering(true)
        onEvent()
      },
      next: (result) => {
        entry.sink.next(result)
        onEvent()
      },
      error: (error) => end(() => entry.sink.error(error)),
      complete: () => end(() => entry.sink.complete()),
    })
    entry.stop = () => {
      entry.stop = undefined
      clearTimeout(late)
      close()
    }
  }

  /** Resolves once everything has been told. */
  async #ask(entry: Entry): Promise<void> {
    if (!this.#entries.has(entry) || entry === this.#streaming) return
    await new Promise<void>((resolve) => {
      let quiet: ReturnType<typeof setTimeout> | undefined
      let isFirst = true
      this.#open(entry, () => {
        clearTimeout(quiet)
        quiet = setTimeout(() => entry.stop?.(), isFirst ? QUIET_AT_FIRST_MS : QUIET_MS)
        isFirst = false
      })
      const longest = setTimeout(() => entry.stop?.(), LONGEST_MS)
      const close = entry.stop
      entry.stop = () => {
        clearTimeout(quiet)
        clearTimeout(longest)
        close?.()
        resolve()
      }
    })
  }
}
