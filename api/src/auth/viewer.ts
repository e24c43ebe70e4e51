/** What a caller may do. Sessions and `ADMIN_TOKEN` hold all of them. */
export const SCOPES = ['READ', 'DEPLOY', 'TRAIN', 'ADMIN'] as const
export type Scope = (typeof SCOPES)[number]

/** Who acts: made by `Authenticator` alone, for every transport. */
export interface Viewer {
  /** Stands on events as who did it. */
  readonly name: string
  readonly scopes: ReadonlySet<Scope>
  /** The browser session behind this viewer, when there is one: its end closes what it opened. */
  readonly sessionId?: string
  /** When the credential stops being one; absent: never. */
  readonly expiresAt?: Date
}

export const ALL_SCOPES: ReadonlySet<Scope> = new Set(SCOPES)
