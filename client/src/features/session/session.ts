import { serverPath } from '../../base-path.ts'
import { learnServerTime } from '../../live/clock.ts'
import { createStore } from '../../ui/external-store.ts'
import { storedText } from '../../ui/storage.ts'

/** Who is signed in, by the name of the token, and with which scopes. */
export interface Session {
  name: string
  scopes: readonly string[]
}

/** `undefined` until the server has answered, `null` if nobody is signed in. */
export const session = createStore<Session | null | undefined>(undefined)

/** Set while this browser has a session, so that its end is noticed even if the page was not open. */
const known = storedText('gaugeline.signed-in')
/** The session ended without being asked to: elsewhere, or with the token it was opened with. */
export const hasEnded = createStore(false)

/** The server no longer knows who this is. */
export function endSession(): void {
  session.set(null)
  hasEnded.set(true)
}

/**
 * Asks the server who is signed in, once per page load.
 *
 * @throws ServerUnreachableError if it does not respond, or with an unexpected status.
 */
export async function loadSession(): Promise<Session | null> {
  const current = session.get()
  if (current !== undefined) return current
  const response = await call('GET')
  if (!response.ok && response.status !== 401 && response.status !== 403) {
    throw new ServerUnreachableError(`GET /session was answered with ${response.status}.`)
  }
  const found = response.ok ? readSession(await response.json()) : null
  if (found) known.set('1')
  else if (known.get() !== null) hasEnded.set(true)
  session.set(found)
  return found
}

export const COOKIES_BLOCKED =
  'Signing in needs a cookie, and your browser keeps none of this site. Allow cookies for it, then sign in again.'

export type SignInResult = { ok: true } | { ok: false; message: string }

/** Exchanges the secret of a sign-in link, or a token, for a session cookie. */
export async function signIn(proof: { secret: string } | { token: string }): Promise<SignInResult> {
  const response = await call('POST', proof)
  if (response.ok) {
    session.set(undefined)
    // The answer's cookie is all that makes a session.
    if ((await loadSession()) === null) return { ok: false, message: COOKIES_BLOCKED }
    return { ok: true }
  }
  if (response.status >= 500) return { ok: false, message: 'The server failed to respond. Try again in a moment.' }
  if (response.status === 429) return { ok: false, message: 'Too many attempts. Wait a minute and try again.' }
  const message =
    'secret' in proof
      ? 'This sign-in link has been used, has expired after ten minutes, or is from before a restart. Enter a token instead.'
      : 'This token is unknown or has expired.'
  return { ok: false, message }
}

/** @throws ServerUnreachableError if the session could not be ended. */
export async function signOut(): Promise<void> {
  const response = await call('DELETE')
  if (!response.ok) throw new ServerUnreachableError(`DELETE /session was answered with ${response.status}.`)
  known.set(null)
  session.set(null)
}

export class ServerUnreachableError extends Error {
  override name = 'ServerUnreachableError'
}

async function call(method: string, body?: object): Promise<Response> {
  try {
    const response = await fetch(serverPath('/session'), {
      method,
      cache: 'no-store',
      ...(body ? { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) } : {}),
    })
    learnServerTime(response.headers.get('date'))
    return response
  } catch (cause) {
    throw new ServerUnreachableError('The server does not respond.', { cause })
  }
}

function readSession(answer: unknown): Session {
  if (typeof answer !== 'object' || answer === null || !('name' in answer) || typeof answer.name !== 'string') {
    throw new TypeError('GET /session returned no name')
  }
  const scopes = 'scopes' in answer && Array.isArray(answer.scopes) ? answer.scopes.map(String) : []
  return { name: answer.name, scopes }
}
