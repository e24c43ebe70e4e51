import { RefusedError } from '../errors.ts'
import { digest, sameDigest } from './secrets.ts'
import type { SessionCookie } from './session-cookie.ts'
import type { Sessions } from './sessions.ts'
import type { Viewer } from './viewer.ts'
import { ALL_SCOPES } from './viewer.ts'

/** Whatever a request or a `connection_init` brings to say who is calling. */
export interface Credentials {
  /** An `Authorization` header or the field of that name in `connection_init`: `Bearer <token>`. */
  authorization?: string | undefined
  /** A bare token, from `connection_init` or the sign-in page. */
  token?: string | undefined
  /** A `Cookie` header. */
  cookie?: string | undefined
}

/** Who acts with `ADMIN_TOKEN`. */
export const ADMIN_NAME = 'admin'

/** Says who is calling: the one place, for header, cookie and `connection_init` alike. */
export class Authenticator {
  readonly #adminDigest: Buffer | undefined
  readonly #sessions: Sessions
  readonly #cookie: SessionCookie

  constructor(options: { adminToken?: string | undefined; sessions: Sessions; cookie: SessionCookie }) {
    this.#adminDigest = options.adminToken === undefined ? undefined : digest(options.adminToken)
    this.#sessions = options.sessions
    this.#cookie = options.cookie
  }

  /**
   * The viewer behind these credentials. A token, where one is given, decides alone: a wrong one is refused, whatever
   * the cookie says.
   * @throws RefusedError UNAUTHENTICATED, with what to do. Errors of the session store pass through.
   */
  async authenticate(credentials: Credentials): Promise<Viewer> {
    const token = tokenOf(credentials)
    if (token !== undefined) {
      const viewer = this.viewerOfToken(token)
      if (viewer === undefined) throw new RefusedError('UNAUTHENTICATED', 'This token is not valid.')
      return viewer
    }
    const secret = this.#cookie.read(credentials.cookie)
    if (secret === undefined) {
      throw new RefusedError(
        'UNAUTHENTICATED',
        'Sign in at /sign-in, or send a token as "Authorization: Bearer <token>" (over WebSocket: in connection_init).',
      )
    }
    const session = await this.#sessions.find(secret)
    if (session === undefined) {
      throw new RefusedError('UNAUTHENTICATED', 'This session has ended. Sign in again at /sign-in.')
    }
    return { name: session.name, scopes: ALL_SCOPES, sessionId: session.id, expiresAt: session.expiresAt }
  }

  /** The viewer who holds a bare token, if it is one. */
  viewerOfToken(token: string): Viewer | undefined {
    const isAdmin = this.#adminDigest !== undefined && sameDigest(digest(token), this.#adminDigest)
    return isAdmin ? { name: ADMIN_NAME, scopes: ALL_SCOPES } : undefined
  }
}

/** The token of the credentials; an `Authorization` of another scheme counts as a wrong token, not as none. */
function tokenOf({ authorization, token }: Credentials): string | undefined {
  if (authorization === undefined) return token
  return /^Bearer +(\S+)$/i.exec(authorization.trim())?.[1] ?? ''
}
