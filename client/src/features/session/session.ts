import { serverPath } from '../../base-path.ts'
import { learnServerTime } from '../../live/clock.ts'
import { createStore } from '../../ui/external-store.ts'

/** Who is signed in, by the name of the token, and with which scopes. */
export interface Session {
  name: string
  scopes: readonly string[]
}

/** `undefined` until the server has answered, `null` if nobody is signed in. */
export const session = createStore<Session | null | undefined>(undefined)

/**
 * Asks the server who is signed in, once per page load.
 *
 * @throws ServerUnreachableError if it does not respond, or with an unexpected status.
 */
export async function loadSession(): Promise<Session | null> {
  const known = session.get()
  if (known !== undefined) return known
  const response = await call('GET')
  if (!response.ok && response.status !== 401 && response.status !== 403) {
    throw new ServerUnreachableError(`GET /session was answered with ${response.status}.`)
  }
  const found = response.ok ? readSession(await response.json()) : null
  session.set(found)
  return found
}

export type SignInResult = { ok: true } | { ok: false; message: string }

/** Exchanges the secret of a sign-in link, or a token, for a session cookie. */
export async function signIn(proof: { secret: string } | { token: string }): Promise<SignInResult> {
  const response = await call('POST', proof)
  if (response.ok) {
    session.set(undefined)
    await loadSession()
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
