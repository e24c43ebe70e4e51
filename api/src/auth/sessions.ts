import type { Clock } from '../clock.ts'
import { digest, newSecret } from './secrets.ts'

export const SESSION_LIFETIME_MS = 30 * 24 * 3_600_000

export interface StoredSession {
  tokenHash: string
  name: string
  createdAt: Date
  expiresAt: Date
}

/** Where sessions outlive a restart: the rows of the Session table, which only `Sessions` writes. */
export interface SessionStore {
  insert(session: StoredSession): Promise<void>
  find(tokenHash: string): Promise<StoredSession | null>
  /** Gives nothing back: removing what is gone already is no error. */
  remove(tokenHash: string): Promise<void>
  removeExpired(now: Date): Promise<void>
}

/** A session as its holder knows it; `id` names it in memory and is no secret. */
export interface Session {
  id: string
  name: string
  expiresAt: Date
}

/**
 * Browser sessions: thirty days, stored as hashes. A session that was opened with `ADMIN_TOKEN` is bound to it: with
 * another `ADMIN_TOKEN`, or none, it is gone.
 */
export class Sessions {
  readonly #store: SessionStore
  readonly #clock: Clock
  readonly #adminKey: Buffer | undefined
  readonly #onEnd = new Set<(sessionId: string) => void>()

  constructor(options: { store: SessionStore; clock: Clock; adminToken?: string | undefined }) {
    this.#store = options.store
    this.#clock = options.clock
    this.#adminKey = options.adminToken === undefined ? undefined : digest(options.adminToken)
  }

  /** Forgets expired sessions; called once at every start. */
  async removeExpired(): Promise<void> {
    await this.#store.removeExpired(new Date(this.#clock.now()))
  }

  /** Opens a session and gives its secret, which is kept nowhere. `bound`: to the current `ADMIN_TOKEN`. */
  async open(name: string, { bound }: { bound: boolean }): Promise<string> {
    const secret = `${bound ? 'a' : 'o'}.${newSecret()}`
    const tokenHash = this.#hash(secret)
    if (tokenHash === undefined) throw new Error('A session can be bound to ADMIN_TOKEN only where there is one.')
    const now = this.#clock.now()
    await this.#store.insert({
      tokenHash,
      name,
      createdAt: new Date(now),
      expiresAt: new Date(now + SESSION_LIFETIME_MS),
    })
    return secret
  }

  /** The session of a secret, unless it is unknown, ended or expired. */
  async find(secret: string): Promise<Session | undefined> {
    const id = this.#hash(secret)
    if (id === undefined) return undefined
    const stored = await this.#store.find(id)
    if (stored === null || stored.expiresAt.getTime() <= this.#clock.now()) return undefined
    return { id, name: stored.name, expiresAt: stored.expiresAt }
  }

  /** Ends the session of a secret, and with it whatever `onEnd` listeners hold open for it. */
  async end(secret: string): Promise<void> {
    const id = this.#hash(secret)
    if (id === undefined) return
    await this.#store.remove(id)
    for (const listener of this.#onEnd) listener(id)
  }

  /** Calls `listener` with the id of every session that is signed out; gives the way to stop. */
  onEnd(listener: (sessionId: string) => void): () => void {
    this.#onEnd.add(listener)
    return () => this.#onEnd.delete(listener)
  }

  /** Undefined for what can be no session's secret. */
  #hash(secret: string): string | undefined {
    if (secret.startsWith('o.')) return digest(secret).toString('hex')
    if (secret.startsWith('a.') && this.#adminKey !== undefined) return digest(secret, this.#adminKey).toString('hex')
    return undefined
  }
}
