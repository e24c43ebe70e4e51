import { RefusedError } from './errors.ts'

/** What a caller may do. None of them holds another: a token that only deploys reads nothing. */
export const SCOPES = ['READ', 'DEPLOY', 'TRAIN', 'ADMIN'] as const
export type Scope = (typeof SCOPES)[number]

/** Who acts: made by `Authenticator` alone, for every transport. */
export interface Viewer {
  /** Stands on events as who did it. */
  readonly name: string
  readonly scopes: ReadonlySet<Scope>
  /**
   * One caller, however they come: what rate limits and idempotency keys are counted by. `owner` (every session of a
   * sign-in link), `admin` (`ADMIN_TOKEN` and its sessions) or `token:<id>` (an API token and its sessions).
   */
  readonly key: string
  /** The row of the API token behind this viewer, when there is one: its revocation closes what it opened. */
  readonly tokenId?: string
  /** The browser session behind this viewer, when there is one: its end closes what it opened. */
  readonly sessionId?: string
  /** When the credential stops being one; absent: never. */
  readonly expiresAt?: Date
}

export const ALL_SCOPES: ReadonlySet<Scope> = new Set(SCOPES)

/** Throws FORBIDDEN, naming the scope that is needed and those that are held. */
export function requireScope(viewer: Pick<Viewer, 'name' | 'scopes'>, needed: Scope): void {
  if (viewer.scopes.has(needed)) return
  const held = SCOPES.filter((scope) => viewer.scopes.has(scope)).join(', ')
  const message = `This needs the scope ${needed}; ${viewer.name} has ${held === '' ? 'none' : held}.`
  throw new RefusedError('FORBIDDEN', message)
}

/** What is executed for several callers at once may depend on their scopes; to read anything else is a bug. */
export function anyViewerWith(scopes: ReadonlySet<Scope>): Viewer {
  return new Proxy<Viewer>(
    { name: '', key: '', scopes },
    {
      get(target, property) {
        if (property === 'scopes') return target.scopes
        throw new Error(`A shared subscription reads "${String(property)}" of its viewer, who is not one.`)
      },
    },
  )
}
