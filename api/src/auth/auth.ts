import type { Clock } from '../clock.ts'
import { Authenticator, ADMIN_NAME } from './authenticator.ts'
import type { SessionCookie } from './session-cookie.ts'
import { createSessionCookie } from './session-cookie.ts'
import type { SessionStore } from './sessions.ts'
import { SESSION_LIFETIME_MS, Sessions } from './sessions.ts'
import { SignInLinks } from './sign-in-links.ts'

/** Who acts in a session opened with the printed sign-in link: whoever runs this server. */
export const OWNER_NAME = 'owner'

/** All that says who is calling, wired. */
export interface Auth {
  authenticator: Authenticator
  sessions: Sessions
  cookie: SessionCookie
  /**
   * Exchanges a sign-in link's secret or a token for a session, and gives the session's secret; undefined when
   * neither is worth anything.
   */
  signIn(offer: { secret: string } | { token: string }): Promise<string | undefined>
  /** A new link under `origin`: single use, ten minutes. */
  newSignInUrl(origin: string): string
}

export interface AuthOptions {
  store: SessionStore
  clock: Clock
  /** The port that the server listens on. */
  port: number
  /** Whether people reach the server by https. */
  secure: boolean
  adminToken?: string | undefined
}

export function createAuth({ store, clock, port, secure, adminToken }: AuthOptions): Auth {
  const cookie = createSessionCookie({ port, secure, maxAgeSeconds: SESSION_LIFETIME_MS / 1000 })
  const sessions = new Sessions({ store, clock, adminToken })
  const authenticator = new Authenticator({ adminToken, sessions, cookie })
  const links = new SignInLinks(clock)
  return {
    authenticator,
    sessions,
    cookie,
    async signIn(offer) {
      if ('secret' in offer) {
        return links.redeem(offer.secret) ? await sessions.open(OWNER_NAME, { bound: false }) : undefined
      }
      // ADMIN_TOKEN is the only token so far.
      const viewer = authenticator.viewerOfToken(offer.token)
      return viewer?.name === ADMIN_NAME ? await sessions.open(ADMIN_NAME, { bound: true }) : undefined
    },
    newSignInUrl: (origin) => `${origin}/sign-in#${links.create()}`,
  }
}
