import type { InputChecks } from '../base/input-checks.ts'
import type { ScrapeSettings } from '../recording/sources/source-settings.ts'

export const MAX_SECRET = 4000

/** As a caller gives it: one of them. */
export interface ScrapeAuthorization {
  bearer?: string | null | undefined
  basic?: { user: string; password: string } | null | undefined
}

export interface StoredAuthorization {
  authorization: ScrapeSettings['authorization']
  /** The value of the header. */
  secret: string | null
}

/** Messages never hold what was given. */
export function checkAuthorization(
  checks: InputChecks,
  path: string[],
  given: ScrapeAuthorization | null,
): StoredAuthorization {
  if (given?.bearer != null) {
    if (!/^[\x21-\x7e]+$/.test(given.bearer) || given.bearer.length > MAX_SECRET) {
      const message = `must have 1 to ${MAX_SECRET} visible ASCII characters without spaces; the word Bearer is added.`
      checks.add([...path, 'bearer'], message)
    }
    return { authorization: 'BEARER', secret: `Bearer ${given.bearer}` }
  }
  if (given?.basic == null) return { authorization: null, secret: null }
  const { user, password } = given.basic
  const isPlain = (text: string) => text.isWellFormed() && !/\p{Cc}/u.test(text) && text.length <= MAX_SECRET / 4
  const rule = `must have at most ${MAX_SECRET / 4} characters, none of them a line break or another control character`
  if (!isPlain(user) || user.includes(':')) checks.add([...path, 'basic', 'user'], `${rule}, and no colon.`)
  if (!isPlain(password)) checks.add([...path, 'basic', 'password'], `${rule}.`)
  return { authorization: 'BASIC', secret: `Basic ${Buffer.from(`${user}:${password}`, 'utf8').toString('base64')}` }
}
