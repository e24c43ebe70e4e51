import { RefusedError } from '../base/errors.ts'
import { SerialTask } from '../base/serial-task.ts'
import type { Bus, DeploymentEventRecord } from '../bus/bus.ts'
import { type Cursors, isSameEvent, setBackError } from './cursors.ts'
import { LiveLog } from '../fanout/live-log.ts'
import { LogSource, type LogUpdate } from '../fanout/log-source.ts'

const CAPACITY = 500
const RECHECK_MS = 2000

/** Reads the stored events. The deployments service owns them. */
export interface EventReader {
  head(): Promise<number>
  /** Events right after a sequence, ascending; of one deployment only, when `deploymentId` is given. */
  after(sequence: number, limit: number, deploymentId?: string): Promise<DeploymentEventRecord[]>
}

interface EventLogOptions {
  events: EventReader
  bus: Bus
  cursors: Cursors
  onError: (error: unknown) => void
}

type Events = LiveLog<DeploymentEventRecord>

/** The lifecycle events of all deployments, live: one log, which is open as long as the server runs. */
export class EventLog {
  readonly #options: EventLogOptions
  #log: Events | null = null
  /** Resolves to it once the newest events are in memory. */
  #opened: Promise<Events> | null = null
  #isOpening = false
  #unsubscribe: (() => void) | null = null
  #recheckTimer: NodeJS.Timeout | null = null

  constructor(options: EventLogOptions) {
    this.#options = options
  }

  async start(): Promise<void> {
    const { bus, onError } = this.#options
    this.#unsubscribe = bus.subscribe('deploymentEvent', (event) => {
      if (this.#log?.append(event) === false) this.#setBack(this.#log)
    })
    await this.#open()
    const recheck = new SerialTask(() => this.#recheck(), onError)
    this.#recheckTimer = setInterval(() => recheck.requestIfIdle(), RECHECK_MS)
  }

  stop(): void {
    this.#unsubscribe?.()
    if (this.#recheckTimer) clearInterval(this.#recheckTimer)
    this.#log?.close()
  }

  /**
   * The position of the newest event that this server knows. A list that is read afterwards lacks nothing up to here,
   * and following from here misses nothing after it.
   */
  async cursor(): Promise<string> {
    return this.#cursorAt(await this.#started)
  }

  /**
   * Follows events from now on, or right after `cursor`; of one deployment, or of all. Ends with CURSOR_INVALID when the
   * database is set back to an earlier state.
   * @throws RefusedError CURSOR_INVALID, UNAVAILABLE
   */
  async follow(options: {
    deploymentId?: string
    cursor?: string | null
  }): Promise<LogSource<DeploymentEventRecord, LogUpdate<DeploymentEventRecord>>> {
    const log = await this.#started
    const { cursors, events } = this.#options
    const { deploymentId, cursor } = options
    const after = cursor == null ? log.newest : await this.#positionOf(cursor, log)
    return new LogSource(log, {
      after,
      payloadOf: (update) => update,
      idOf: ({ entry }) => cursors.event(entry),
      startId: cursor ?? this.#cursorAt(log),
      // Events are rare and are never removed: no follower jumps.
      maxBehind: Infinity,
      ...(deploymentId === undefined
        ? {}
        : {
            matches: (event: DeploymentEventRecord) => event.deploymentId === deploymentId,
            readAfter: (sequence: number) => events.after(sequence, 200, deploymentId),
          }),
    })
  }

  /** @throws RefusedError CURSOR_INVALID */
  async #positionOf(cursor: string, log: Events): Promise<number> {
    const { cursors, events } = this.#options
    let position = cursors.readEvent(cursor, Infinity)
    if (position.sequence > log.newest) {
      // Another server may have numbered events that this server does not know yet.
      const head = Math.max(log.newest, await events.head())
      log.announce(head)
      position = cursors.readEvent(cursor, head)
    }
    const { sequence } = position
    position.requireSame(log.entry(sequence) ?? (position.hasEntry ? await storedEvent(events, sequence) : undefined))
    return sequence
  }

  #cursorAt(log: Events): string {
    return this.#options.cursors.event(log.entry(log.newest) ?? log.newest)
  }

  #open(): Promise<Events> {
    // One at a time: followers of a log that is not the newest one would be told nothing.
    if (this.#opened !== null && this.#isOpening) return this.#opened
    this.#isOpening = true
    this.#opened = this.#read().finally(() => (this.#isOpening = false))
    return this.#opened
  }

  /** Opens the log with the newest events in memory, so that those who resume after a restart are served from there. */
  async #read(): Promise<Events> {
    const { events, onError } = this.#options
    const head = await events.head()
    const log = new LiveLog<DeploymentEventRecord>({
      head: Math.max(0, head - CAPACITY),
      readAfter: (sequence, limit) => events.after(sequence, limit),
      capacity: CAPACITY,
      isSame: isSameEvent,
      onError,
    })
    this.#log = log
    await log.catchUp(head)
    if (log.newest < head) {
      // The next recheck opens another one.
      log.close()
      throw new RefusedError('UNAVAILABLE', 'The events cannot be read right now; try again.')
    }
    return log
  }

  async #recheck(): Promise<void> {
    const log = this.#log
    if (log === null || log.isClosed) return void (await this.#open())
    // Known before the read: what is committed during it is no reason for a doubt.
    const known = log.newest
    const head = await this.#options.events.head()
    if (head < known) this.#setBack(log)
    else log.announce(head)
  }

  /** The store holds another history than this log: its followers end, and the next ones follow what is there now. */
  #setBack(log: Events): void {
    if (log.isClosed) return
    log.fail(setBackError())
    this.#options.bus.publish('setBack', null)
    this.#open().catch(this.#options.onError)
  }

  get #started(): Promise<Events> {
    if (!this.#opened) throw new Error('The event log has not been started.')
    return this.#opened
  }
}

async function storedEvent(events: EventReader, sequence: number): Promise<DeploymentEventRecord | undefined> {
  const [event] = await events.after(sequence - 1, 1)
  return event?.sequence === sequence ? event : undefined
}
