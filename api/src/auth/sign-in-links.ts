import type { Clock } from '../base/clock.ts'
import { digest, newSecret } from './secrets.ts'

export const SIGN_IN_LINK_LIFETIME_MS = 10 * 60_000
/** Links are made by hand (one a start), so a few are plenty; the oldest goes first. */
const MAX_LINKS = 16

/**
 * Secrets that open one session each, within ten minutes. They live in memory only: a restart makes the old ones
 * worthless, and no copy of the database holds a way in.
 */
export class SignInLinks {
  readonly #clock: Clock
  /** Expiry in milliseconds since the epoch, by hashed secret, oldest first. */
  readonly #expiryByDigest = new Map<string, number>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** A new secret for `/sign-in#<secret>`: in the fragment, which browsers send to nobody. */
  create(): string {
    const secret = newSecret()
    this.#expiryByDigest.set(digest(secret).toString('hex'), this.#clock.now() + SIGN_IN_LINK_LIFETIME_MS)
    for (const key of this.#expiryByDigest.keys()) {
      if (this.#expiryByDigest.size <= MAX_LINKS) break
      this.#expiryByDigest.delete(key)
    }
    return secret
  }

  /**
   * What `open` gives, when the secret is worth it: it never is again. It stays good when `open` fails.
   * Two who come at once open one session.
   */
  async redeem<T>(secret: string, open: () => Promise<T>): Promise<T | undefined> {
    const key = digest(secret).toString('hex')
    const expiresAt = this.#expiryByDigest.get(key)
    this.#expiryByDigest.delete(key)
    if (expiresAt === undefined || expiresAt <= this.#clock.now()) return undefined
    try {
      return await open()
    } catch (error) {
      this.#expiryByDigest.set(key, expiresAt)
      throw error
    }
  }
}
