import type { Clock } from '../base/clock.ts'
import { digest, newSecret } from './secrets.ts'

export const SIGN_IN_LINK_LIFETIME_MS = 10 * 60_000
/** One link is made per start, so a few are plenty; beyond that the oldest is dropped. */
const MAX_LINKS = 16

/**
 * Secrets that open one session each, within ten minutes. They are kept in memory only: a restart invalidates the old
 * ones, and a copy of the database gives nobody access.
 */
export class SignInLinks {
  readonly #monotonic: Clock
  /** Expiry by the monotonic clock, by hashed secret, oldest first. */
  readonly #expiryByDigest = new Map<string, number>()

  constructor(monotonic: Clock) {
    this.#monotonic = monotonic
  }

  /** A new secret for `/sign-in#<secret>`: in the fragment, which browsers never send. */
  create(): string {
    const secret = newSecret()
    this.#expiryByDigest.set(digest(secret).toString('hex'), this.#monotonic.now() + SIGN_IN_LINK_LIFETIME_MS)
    for (const key of this.#expiryByDigest.keys()) {
      if (this.#expiryByDigest.size <= MAX_LINKS) break
      this.#expiryByDigest.delete(key)
    }
    return secret
  }

  /**
   * Uses up a valid secret and returns what `open` returns; undefined for any other. If `open` fails, the secret stays
   * valid. Of two callers at the same time, one opens a session.
   */
  async redeem<T>(secret: string, open: () => Promise<T>): Promise<T | undefined> {
    const key = digest(secret).toString('hex')
    const expiresAt = this.#expiryByDigest.get(key)
    this.#expiryByDigest.delete(key)
    if (expiresAt === undefined || expiresAt <= this.#monotonic.now()) return undefined
    try {
      return await open()
    } catch (error) {
      this.#expiryByDigest.set(key, expiresAt)
      throw error
    }
  }
}
