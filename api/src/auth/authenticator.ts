import type { Clock } from '../base/clock.ts'
import { RefusedError } from '../base/errors.ts'
import { tokenHashOf } from './api-tokens.ts'
import { type CallerAddress, CallerAddresses } from './caller-addresses.ts'
import { CredentialCache } from './credential-cache.ts'
import { FailedAttempts } from './failed-attempts.ts'
import { digest, sameDigest } from './secrets.ts'
import type { SessionCookie } from './session-cookie.ts'
import type { Session, Sessions } from './sessions.ts'
import type { Scope, Viewer } from '../base/viewer.ts'
import { ALL_SCOPES } from '../base/viewer.ts'

/** The credentials that a request or a `connection_init` carries. */
export interface Credentials extends CallerAddress {
  /** An `Authorization` header or the field of that name in `connection_init`: `Bearer <token>`. */
  authorization?: string | undefined
  /** A bare token, from `connection_init` or the sign-in page. */
  token?: string | undefined
  /** A `Cookie` header. */
  cookie?: string | undefined
}

/** The viewer's name for calls with `ADMIN_TOKEN`. */
const ADMIN_NAME = 'admin'

/** An API token as it is stored. */
export interface KnownToken {
  id: string
  name: string
  scopes: readonly Scope[]
  expiresAt: Date | null
  /** The only deployment that it may report for. */
  deploymentId: string | null
}

export interface AuthenticatorOptions {
  clock: Clock
  monotonic: Clock
  adminToken?: string | undefined
  sessions: Pick<Sessions, 'find' | 'hashOf'>
  /** The live API token behind a hash. */
  findToken: (hash: string) => Promise<KnownToken | undefined>
  cookie: SessionCookie
  /** Whether people reach the server over https: then through a proxy, since this server speaks http. */
  secure: boolean
  /** The proxies whose word on who calls is taken. Default: where it is `secure`, whoever connects. */
  trustedProxies?: readonly string[] | undefined
  /** Called at each use of an API token, with its id. */
  onTokenUse?: (tokenId: string) => void
}

/** Identifies callers: the one place for it, for header, cookie and `connection_init` alike. */
export class Authenticator {
  readonly #clock: Clock
  readonly #adminDigest: Buffer | undefined
  readonly #sessions: AuthenticatorOptions['sessions']
  readonly #cookie: SessionCookie
  readonly #addresses: CallerAddresses
  readonly #onTokenUse: (tokenId: string) => void
  readonly #byToken: CredentialCache<Viewer>
  readonly #bySession: CredentialCache<Viewer>
  readonly #failures: FailedAttempts

  constructor(options: AuthenticatorOptions) {
    const { clock, monotonic, adminToken, sessions, findToken, cookie, secure, trustedProxies = [] } = options
    const { onTokenUse = () => undefined } = options
    this.#clock = clock
    this.#adminDigest = adminToken === undefined ? undefined : digest(adminToken)
    this.#sessions = sessions
    this.#cookie = cookie
    this.#addresses = new CallerAddresses(trustedProxies, secure)
    this.#onTokenUse = onTokenUse
    this.#failures = new FailedAttempts(monotonic)
    this.#byToken = new CredentialCache(monotonic, async (hash) => viewerOfToken(await findToken(hash)))
    this.#bySession = new CredentialCache(monotonic, async (hash) => viewerOfSession(await sessions.find(hash)))
  }

  /** Some token or session has ended: earlier lookups are not trusted any more. */
  forget(): void {
    this.#byToken.clear()
    this.#bySession.clear()
  }

  /**
   * The viewer behind these credentials. If there is a token, it decides alone: a wrong one is refused, even beside a
   * valid cookie.
   * @throws RefusedError UNAUTHENTICATED, with what to do; RATE_LIMITED after too many wrong credentials. Errors of the
   *   stores pass through.
   */
  async authenticate(credentials: Credentials): Promise<Viewer> {
    return await this.callerWith(credentials)()
  }

  /** Authenticates the same credentials as often as it is called; they are hashed once. */
  callerWith(credentials: Credentials): () => Promise<Viewer> {
    const token = tokenOf(credentials)
    if (token !== undefined) return this.#callerWithToken(token, credentials)
    const secret = this.#cookie.read(credentials.cookie)
    const hash = secret === undefined ? undefined : this.#sessions.hashOf(secret)
    return async () => {
      if (secret === undefined) {
        throw new RefusedError(
          'UNAUTHENTICATED',
          'Sign in at /sign-in, or send a token as "Authorization: Bearer <token>" (over WebSocket: in connection_init).',
        )
      }
      const message = 'This session has ended. Sign in again at /sign-in.'
      return await this.#lookUp(this.#bySession, hash, credentials, message)
    }
  }

  /** The address that a caller is counted by. */
  addressOf(caller: CallerAddress): string {
    return this.#addresses.of(caller)
  }

  #callerWithToken(token: string, caller: CallerAddress): () => Promise<Viewer> {
    const digested = digest(token)
    if (this.#adminDigest !== undefined && sameDigest(digested, this.#adminDigest)) {
      return async () => ({ name: ADMIN_NAME, scopes: ALL_SCOPES, key: ADMIN_NAME })
    }
    const hash = tokenHashOf(token, digested)
    return async () => await this.#lookUp(this.#byToken, hash, caller, 'This token is not valid.')
  }

  async #lookUp(
    cache: CredentialCache<Viewer>,
    hash: string | undefined,
    caller: CallerAddress,
    message: string,
  ): Promise<Viewer> {
    if (hash === undefined || !cache.knows(hash)) this.#failures.check(this.addressOf(caller))
    const viewer = hash === undefined ? undefined : await this.#read(cache, hash, caller)
    if (viewer === undefined || (viewer.expiresAt !== undefined && viewer.expiresAt.getTime() <= this.#clock.now())) {
      this.#failures.add(this.addressOf(caller))
      throw new RefusedError('UNAUTHENTICATED', message)
    }
    if (viewer.tokenId !== undefined) this.#onTokenUse(viewer.tokenId)
    return viewer
  }

  async #read(cache: CredentialCache<Viewer>, hash: string, caller: CallerAddress): Promise<Viewer | undefined> {
    // A thousand clients that reconnect with one token cost one lookup.
    if (cache.knows(hash) || cache.isReading(hash)) return await cache.get(hash)
    return await this.#failures.during(this.addressOf(caller), () => cache.get(hash))
  }
}

function viewerOfToken(token: KnownToken | undefined): Viewer | undefined {
  if (token === undefined) return undefined
  const { id, name, scopes, expiresAt, deploymentId } = token
  const limits = { ...(deploymentId !== null && { deploymentId }), ...(expiresAt && { expiresAt }) }
  return { name, scopes: new Set(scopes), key: `token:${id}`, tokenId: id, ...limits }
}

function viewerOfSession(session: Session | undefined): Viewer | undefined {
  if (session === undefined) return undefined
  const { id: sessionId, name, apiTokenId, scopes, expiresAt, deploymentId } = session
  if (apiTokenId === null) return { name, scopes: ALL_SCOPES, key: name, sessionId, expiresAt }
  const limits = { ...(deploymentId != null && { deploymentId }), expiresAt }
  return { name, scopes: new Set(scopes), key: `token:${apiTokenId}`, tokenId: apiTokenId, sessionId, ...limits }
}

/** The token of the credentials. An `Authorization` header of another scheme counts as a wrong token, not as none. */
function tokenOf({ authorization, token }: Credentials): string | undefined {
  if (authorization === undefined) return token
  return /^Bearer +(\S+)$/i.exec(authorization.trim())?.[1] ?? ''
}
