import type { Clock } from '../base/clock.ts'
import { RefusedError } from '../base/errors.ts'
import type { KnownToken } from './authenticator.ts'
import { Authenticator } from './authenticator.ts'
import type { CallerAddress } from './caller-addresses.ts'
import type { SessionCookie } from './session-cookie.ts'
import { createSessionCookie } from './session-cookie.ts'
import type { SessionOrigin, Sessions } from './sessions.ts'
import { SESSION_LIFETIME_MS } from './sessions.ts'
import { SignInLinks } from './sign-in-links.ts'
import type { AccessEnds } from './access-ends.ts'
import type { Viewer } from '../base/viewer.ts'

/** The viewer's name in a session that was opened with the printed sign-in link: the person who runs this server. */
const OWNER_NAME = 'owner'

/** Everything that identifies callers, wired. */
export interface Auth {
  authenticator: Authenticator
  sessions: Sessions
  /** Emits which tokens and sessions have ended: everything that was opened with them must be closed. */
  ends: AccessEnds
  cookie: SessionCookie
  /**
   * Exchanges the secret of a sign-in link, or a token, for a session and returns the session's secret; undefined when
   * the secret or token is not valid.
   * @throws RefusedError RATE_LIMITED for an address that sent too many wrong credentials
   */
  signIn(offer: { secret: string } | { token: string }, caller?: CallerAddress): Promise<string | undefined>
  /** A new sign-in link under `origin`: single use, ten minutes. */
  newSignInUrl(origin: string): string
}

export interface AuthOptions {
  sessions: Sessions
  ends: AccessEnds
  findToken: (hash: string) => Promise<KnownToken | undefined>
  onTokenUse?: (tokenId: string) => void
  clock: Clock
  monotonic: Clock
  /** The port that the server listens on. */
  port: number
  /** Whether people reach the server over https. */
  secure: boolean
  /** The proxies whose word on who calls is taken. Default: where it is `secure`, whoever connects. */
  trustedProxies?: readonly string[] | undefined
  /** The path of PUBLIC_URL. Default: none. */
  basePath?: string
  adminToken?: string | undefined
}

export function createAuth(options: AuthOptions): Auth {
  const { sessions, ends, monotonic, port, secure, basePath = '' } = options
  const cookie = createSessionCookie({ port, secure, basePath, maxAgeSeconds: SESSION_LIFETIME_MS / 1000 })
  const authenticator = new Authenticator({ ...options, cookie })
  // The first listener, before those that close connections: a client that reconnects at once must not be let in again.
  ends.on(() => authenticator.forget())
  const links = new SignInLinks(monotonic)
  return {
    authenticator,
    sessions,
    ends,
    cookie,
    async signIn(offer, caller = {}) {
      if ('secret' in offer) {
        return await links.redeem(offer.secret, () => sessions.open({ kind: 'link', name: OWNER_NAME }))
      }
      try {
        return await sessions.open(originOf(await authenticator.authenticate({ token: offer.token, ...caller })))
      } catch (error) {
        if (error instanceof RefusedError && error.code === 'UNAUTHENTICATED') return undefined
        throw error
      }
    },
    newSignInUrl: (origin) => `${origin}/sign-in#${links.create()}`,
  }
}

function originOf({ name, tokenId, expiresAt }: Viewer): SessionOrigin {
  return tokenId === undefined ? { kind: 'admin', name } : { kind: 'token', name, tokenId, expiresAt }
}
