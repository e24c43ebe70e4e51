import { SerialTask } from '../base/serial-task.ts'
import type { Bus, DeploymentEventRecord } from '../bus/bus.ts'
import type { Cursors } from './cursors.ts'
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

/** The lifecycle events of all deployments, live: one log, which is open as long as the server runs. */
export class EventLog {
  readonly #options: EventLogOptions
  #log: LiveLog<DeploymentEventRecord> | null = null
  #unsubscribe: (() => void) | null = null
  #recheckTimer: NodeJS.Timeout | null = null

  constructor(options: EventLogOptions) {
    this.#options = options
  }

  async start(): Promise<void> {
    const { bus, events, onError } = this.#options
    const log = new LiveLog<DeploymentEventRecord>({
      head: await events.head(),
      readAfter: (sequence, limit) => events.after(sequence, limit),
      capacity: CAPACITY,
      onError,
    })
    this.#log = log
    this.#unsubscribe = bus.subscribe('deploymentEvent', (event) => log.append(event))
    const recheck = new SerialTask(async () => log.announce(await events.head()), onError)
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
  get cursor(): string {
    return this.#options.cursors.event(this.#started.newest)
  }

  /**
   * Follows events from now on, or right after `cursor`; of one deployment, or of all.
   * @throws RefusedError CURSOR_INVALID
   */
  async follow(options: {
    deploymentId?: string
    cursor?: string | null
  }): Promise<LogSource<DeploymentEventRecord, LogUpdate<DeploymentEventRecord>>> {
    const log = this.#started
    const { deploymentId, cursor } = options
    let after = log.newest
    if (cursor != null) {
      // Another server may have numbered events that this server does not know yet.
      const head = Math.max(log.newest, await this.#options.events.head())
      after = this.#options.cursors.readEvent(cursor, head)
      log.announce(head)
    }
    return new LogSource(log, {
      after,
      payloadOf: (update) => update,
      idOf: (sequence) => this.#options.cursors.event(sequence),
      // Events are rare and are never removed: no follower jumps.
      maxBehind: Infinity,
      ...(deploymentId === undefined
        ? {}
        : {
            matches: (event: DeploymentEventRecord) => event.deploymentId === deploymentId,
            readAfter: (sequence: number) => this.#options.events.after(sequence, 200, deploymentId),
          }),
    })
  }

  get #started(): LiveLog<DeploymentEventRecord> {
    if (!this.#log) throw new Error('The event log has not been started.')
    return this.#log
  }
}
