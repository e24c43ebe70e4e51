import type { CreateApiTokenInput } from '../../graphql/gql/graphql.ts'
import { type Scope, SCOPES } from '../session/scopes.ts'

/** The form as filled in. `days` is how long the token is valid; null means for ever. */
export interface TokenForm {
  name: string
  scopes: ReadonlySet<Scope>
  days: number | null
  /** The only deployment that it may report for; null for any. Counts only for a token that may do nothing but report. */
  deploymentId: string | null
}
export type TokenField = 'name' | 'scopes' | 'expiresAt' | 'deploymentId'

export const EXPIRIES: readonly { days: number | null; label: string }[] = [
  { days: 7, label: 'In 7 days' },
  { days: 30, label: 'In 30 days' },
  { days: 90, label: 'In 90 days' },
  { days: 365, label: 'In a year' },
  { days: null, label: 'Never' },
]

const DAY_MS = 86_400_000
const MOST_CHARACTERS = 100

/** What is wrong with the form, by field, as sentences. The server checks again and decides. */
export function checkToken({ name, scopes }: TokenForm): Partial<Record<TokenField, string>> {
  const problems: Partial<Record<TokenField, string>> = {}
  const { length } = name.trim()
  if (length === 0) problems.name = 'Who will use it? The name is recorded with everything done with this token.'
  else if (length > MOST_CHARACTERS) problems.name = `At most ${MOST_CHARACTERS} characters.`
  if (scopes.size === 0) problems.scopes = 'Select at least one.'
  return problems
}

/** The checked form as the mutation takes it; `now` is the server's time in ms since 1970. */
export function toTokenInput(form: TokenForm, now: number): CreateApiTokenInput {
  const { name, scopes, days, deploymentId } = form
  return {
    name: name.trim(),
    scopes: SCOPES.filter((scope) => scopes.has(scope)),
    ...(days === null ? {} : { expiresAt: new Date(now + days * DAY_MS).toISOString() }),
    ...(deploymentId !== null && onlyReports(form) ? { deploymentId } : {}),
  }
}

/** Whether the token may report and do nothing else: such a token can be bound to a deployment. */
export function onlyReports({ scopes }: Pick<TokenForm, 'scopes'>): boolean {
  return scopes.size === 1 && scopes.has('REPORT')
}

/** The field that an issue's path points to. */
export function tokenFieldOf(path: readonly string[]): TokenField | undefined {
  return (['name', 'scopes', 'expiresAt', 'deploymentId'] as const).find((field) => path.includes(field))
}

export type TokenState = 'active' | 'expired' | 'revoked'

/** `now` is the server's time in ms since 1970. */
export function tokenState(
  token: { expiresAt?: string | null | undefined; revokedAt?: string | null | undefined },
  now: number,
): TokenState {
  if (token.revokedAt) return 'revoked'
  return token.expiresAt && Date.parse(token.expiresAt) <= now ? 'expired' : 'active'
}
