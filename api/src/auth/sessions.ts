import type { Clock } from '../base/clock.ts'
import { digest, newSecret } from './secrets.ts'
import type { Scope } from '../base/viewer.ts'

export const SESSION_LIFETIME_MS = 30 * 24 * 3_600_000
/** Live sessions of one holder; beyond it the oldest is ended. */
const MAX_SESSIONS = 100

/** Whose sessions they are: those of an API token, or of a name that needs no token. */
export interface SessionHolder {
  name: string
  apiTokenId: string | null
}

export interface StoredSession extends SessionHolder {
  tokenHash: string
  createdAt: Date
  expiresAt: Date
}

/** The API token that a session was opened with, as it is now. */
export interface SessionToken {
  scopes: readonly Scope[]
  expiresAt: Date | null
  revokedAt: Date | null
  deploymentId: string | null
}

/** Stores sessions beyond a restart: the rows of the Session table, which only `Sessions` writes. */
export interface SessionStore {
  insert(session: StoredSession): Promise<void>
  find(tokenHash: string): Promise<(StoredSession & { apiToken: SessionToken | null }) | null>
  /** The hashes of a holder's sessions that have not expired, newest first. */
  hashesOf(holder: SessionHolder, now: Date): Promise<string[]>
  /** Returns how many of them existed. */
  remove(tokenHashes: readonly string[]): Promise<number>
  /** Removes a batch of those that have expired or whose token is revoked; returns how many, 0 when none are left. */
  removeEnded(now: Date): Promise<number>
}

/** A session as its holder knows it; `id` names it in memory and is not secret. */
export interface Session extends SessionHolder {
  id: string
  expiresAt: Date
  /** Absent when the session was not opened with an API token. */
  scopes?: readonly Scope[]
  /** The only deployment that its token may report for. */
  deploymentId?: string | null
}

export interface SessionsOptions {
  store: SessionStore
  clock: Clock
  adminToken?: string | undefined
  /** Called for every session that is being ended, also when the store's answer gets lost. */
  onEnd: (sessionId: string) => void
}

/** What a session is opened with: a sign-in link, `ADMIN_TOKEN` or an API token. */
export type SessionOrigin =
  | { kind: 'link' | 'admin'; name: string }
  | { kind: 'token'; name: string; tokenId: string; expiresAt?: Date | undefined }

const PREFIX = { link: 'o.', admin: 'a.', token: 't.' }

/**
 * Browser sessions: they last thirty days and are stored as hashes. A session that was opened with a token is bound to
 * it: it has the token's scopes and ends with it. When `ADMIN_TOKEN` changes, the sessions opened with the old one are
 * invalid.
 */
export class Sessions {
  readonly #store: SessionStore
  readonly #clock: Clock
  readonly #adminKey: Buffer | undefined
  readonly #onEnd: (sessionId: string) => void

  constructor({ store, clock, adminToken, onEnd }: SessionsOptions) {
    this.#store = store
    this.#clock = clock
    this.#adminKey = adminToken === undefined ? undefined : digest(adminToken)
    this.#onEnd = onEnd
  }

  /** Removes a batch of sessions that have ended by `atMs`; returns how many, 0 when none are left. */
  async removeEnded(atMs: number): Promise<number> {
    return await this.#store.removeEnded(new Date(atMs))
  }

  /** Opens a session and returns its secret, which is not stored. When the holder has too many, the oldest one ends. */
  async open(origin: SessionOrigin): Promise<string> {
    const secret = PREFIX[origin.kind] + newSecret()
    const tokenHash = this.hashOf(secret)
    if (tokenHash === undefined) throw new Error('A session can be bound to ADMIN_TOKEN only where there is one.')
    const now = this.#clock.now()
    const isToken = origin.kind === 'token'
    const holder = { name: origin.name, apiTokenId: isToken ? origin.tokenId : null }
    const endMs = Math.min(now + SESSION_LIFETIME_MS, (isToken && origin.expiresAt?.getTime()) || Infinity)
    await this.#store.insert({ ...holder, tokenHash, createdAt: new Date(now), expiresAt: new Date(endMs) })
    await this.#remove((await this.#store.hashesOf(holder, new Date(now))).slice(MAX_SESSIONS))
    return secret
  }

  /** The session with this hash, unless it is unknown, has ended or expired. */
  async find(hash: string): Promise<Session | undefined> {
    const stored = await this.#store.find(hash)
    if (stored === null) return undefined
    const { name, apiTokenId, apiToken } = stored
    if (apiToken !== null && apiToken.revokedAt !== null) return undefined
    const expiresAt = new Date(Math.min(stored.expiresAt.getTime(), apiToken?.expiresAt?.getTime() ?? Infinity))
    if (expiresAt.getTime() <= this.#clock.now()) return undefined
    return {
      id: hash,
      name,
      apiTokenId,
      expiresAt,
      ...(apiToken && { scopes: apiToken.scopes, deploymentId: apiToken.deploymentId }),
    }
  }

  /** Ends the session with this secret and closes what was opened with it. */
  async end(secret: string): Promise<void> {
    const id = this.hashOf(secret)
    if (id !== undefined) await this.#remove([id])
  }

  /** Ends every session of a holder except `exceptId`; returns how many. */
  async endAll(holder: SessionHolder, exceptId?: string): Promise<number> {
    const ids = await this.#store.hashesOf(holder, new Date(this.#clock.now()))
    return await this.#remove(ids.filter((id) => id !== exceptId))
  }

  /** The hash a session is stored under; undefined for text that cannot be a session's secret. */
  hashOf(secret: string): string | undefined {
    if (!/^[oat]\.[\w-]{43}$/.test(secret)) return undefined
    if (!secret.startsWith(PREFIX.admin)) return digest(secret).toString('hex')
    return this.#adminKey === undefined ? undefined : digest(secret, this.#adminKey).toString('hex')
  }

  async #remove(ids: readonly string[]): Promise<number> {
    if (ids.length === 0) return 0
    let removed: number | undefined
    try {
      removed = await this.#store.remove(ids)
      return removed
    } finally {
      // A made-up secret belongs to no session.
      if (removed !== 0) for (const id of ids) this.#onEnd(id)
    }
  }
}
