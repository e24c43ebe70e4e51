import { RefusedError } from './errors.ts'

/** What a caller may do. No scope includes another: a token that may only deploy cannot read. */
export const SCOPES = ['READ', 'DEPLOY', 'TRAIN', 'ADMIN', 'REPORT'] as const
export type Scope = (typeof SCOPES)[number]

/** The authenticated caller. Only `Authenticator` creates it, for every transport. */
export interface Viewer {
  /** Recorded in events as who did it. */
  readonly name: string
  readonly scopes: ReadonlySet<Scope>
  /**
   * Identifies a caller across connections, for rate limits and idempotency keys: `owner` (every session of a sign-in
   * link), `admin` (`ADMIN_TOKEN` and its sessions) or `token:<id>` (an API token and its sessions).
   */
  readonly key: string
  /** The id of the API token behind this viewer, if there is one: revoking it closes the viewer's connections. */
  readonly tokenId?: string
  /** The only deployment that it may report for, a uuid; absent: any. */
  readonly deploymentId?: string
  /** The browser session behind this viewer, if there is one: its end closes the viewer's connections. */
  readonly sessionId?: string
  /** When the credential expires; absent: never. */
  readonly expiresAt?: Date
}

export const ALL_SCOPES: ReadonlySet<Scope> = new Set(SCOPES)

/** @throws RefusedError FORBIDDEN, naming the scope that is needed and those that the viewer has */
export function requireScope(viewer: Pick<Viewer, 'name' | 'scopes'>, needed: Scope): void {
  if (viewer.scopes.has(needed)) return
  const held = SCOPES.filter((scope) => viewer.scopes.has(scope)).join(', ')
  const message = `This needs the scope ${needed}; ${viewer.name} has ${held === '' ? 'none' : held}.`
  throw new RefusedError('FORBIDDEN', message)
}

const accesses = new WeakMap<ReadonlySet<Scope>, string>()

/** The scopes as a text: callers of equal access can be told the same. */
export function accessOf({ scopes }: Viewer): string {
  let access = accesses.get(scopes)
  if (access === undefined) {
    access = [...scopes].toSorted().join()
    accesses.set(scopes, access)
  }
  return access
}

/**
 * A viewer for operations that are executed once for several callers: only the scopes may be read.
 * @param onOther is called before reading anything else throws; that is a bug when it is left out
 */
export function anyViewerWith(scopes: ReadonlySet<Scope>, onOther?: () => void): Viewer {
  return new Proxy<Viewer>(
    { name: '', key: '', scopes },
    {
      get(target, property) {
        if (property === 'scopes') return target.scopes
        onOther?.()
        throw new Error(`An operation for several callers reads "${String(property)}" of its viewer, which differs.`)
      },
    },
  )
}
