import { GraphQLTestClient } from '../graphql-client.ts'
import { change, register } from './documents.ts'
import { ADMIN_TOKEN } from './server-process.ts'

/** Every mutation carries a text that no other has: the note of its event, or the name of its training job. */
export interface Acknowledged {
  text: string
  kind: 'REGISTERED' | 'DEPLOYED' | 'PAUSED' | 'RESUMED'
}

/** Notes that are not checked, and may be on many events. */
const ACTIVE_AGAIN = 'active again'
const AT_THE_END = 'paused at the end'
export const UNCOUNTED_NOTES = [ACTIVE_AGAIN, AT_THE_END]

/** Writers that change deployments one mutation after another, and remember what the server has promised. */
export class MutationWriters {
  readonly acknowledged: Acknowledged[] = []
  /** Sent when the server was killed: done or not done, but never half. */
  readonly unknown = new Set<string>()
  #client: GraphQLTestClient
  #stopping = false
  #killed = false
  #count = 0
  #running: Promise<void>[] = []
  readonly #waiting = new Set<() => void>()

  constructor(origin: string) {
    this.#client = GraphQLTestClient.withToken(origin, ADMIN_TOKEN)
  }

  /** Writes on, against a server that was just started. */
  start(origin: string, writers: number, toggled: string): void {
    this.#client = GraphQLTestClient.withToken(origin, ADMIN_TOKEN)
    this.#stopping = false
    this.#killed = false
    this.#running = [
      ...Array.from({ length: writers }, () => this.#write((writer) => writer.#deployAndPause())),
      this.#write((writer) => writer.#toggle(toggled)),
    ]
    // Heard in `end`.
    for (const running of this.#running) running.catch(() => undefined)
  }

  /** From here on a mutation may fail, because the server is being killed. */
  expectDeath(): void {
    this.#killed = true
  }

  /** Waits for the mutations in flight. Rejects when one has failed while the server was running. */
  async end(): Promise<void> {
    this.#stopping = true
    await Promise.all(this.#running)
  }

  /** Resolves when the server has promised that many more; rejects when writers have failed. */
  async promises(count: number): Promise<void> {
    const target = this.acknowledged.length + count
    const failed = Promise.all(this.#running).then(() => {
      throw new Error('The writers have ended.')
    })
    failed.catch(() => undefined)
    while (this.acknowledged.length < target) {
      await Promise.race([failed, new Promise<void>((resolve) => this.#waiting.add(resolve))])
    }
  }

  /** A deployment that is active and stays so. */
  async deploy(): Promise<string> {
    const jobId = await this.#mutate('REGISTERED', (name) => register(this.#client, 'kept/model', name))
    return await this.#mutate('DEPLOYED', (note) => change(this.#client, 'deploy', jobId, note))
  }

  /** Ends the log of a deployment, so that it can be read whole. One that is paused already stays so. */
  async pauseForGood(origin: string, id: string): Promise<void> {
    await change(GraphQLTestClient.withToken(origin, ADMIN_TOKEN), 'pause', id, AT_THE_END)
  }

  async #write(round: (writer: this) => Promise<void>): Promise<void> {
    try {
      while (!this.#stopping) await round(this)
    } catch (error) {
      if (!this.#killed) throw error
    }
  }

  async #deployAndPause(): Promise<void> {
    const jobId = await this.#mutate('REGISTERED', (name) => register(this.#client, 'written/model', name))
    const id = await this.#mutate('DEPLOYED', (note) => change(this.#client, 'deploy', jobId, note))
    await this.#mutate('PAUSED', (note) => change(this.#client, 'pause', id, note))
    await this.#mutate('RESUMED', (note) => change(this.#client, 'resume', id, note))
    await this.#mutate('PAUSED', (note) => change(this.#client, 'pause', id, note))
  }

  async #toggle(id: string): Promise<void> {
    // Changes nothing, and leaves no event, unless a kill came between the two below.
    await change(this.#client, 'resume', id, ACTIVE_AGAIN)
    await this.#mutate('PAUSED', (note) => change(this.#client, 'pause', id, note))
    await this.#mutate('RESUMED', (note) => change(this.#client, 'resume', id, note))
  }

  async #mutate(kind: Acknowledged['kind'], act: (text: string) => Promise<string>): Promise<string> {
    this.#count += 1
    const text = `${kind} ${this.#count}`
    this.unknown.add(text)
    const id = await act(text)
    this.unknown.delete(text)
    this.acknowledged.push({ text, kind })
    for (const resolve of this.#waiting) resolve()
    this.#waiting.clear()
    return id
  }
}
