import type { IncomingMessage, ServerResponse } from 'node:http'
import { z } from 'zod'
import type { Auth } from '../auth/auth.ts'
import type { Viewer } from '../base/viewer.ts'
import { RefusedError } from '../base/errors.ts'
import { callerOf } from '../http/caller.ts'
import { readJson } from '../http/request-body.ts'
import { sendError, sendJson } from '../http/responses.ts'

const MAX_BODY_BYTES = 4096
const LINK_NOT_VALID =
  'This sign-in link is not valid: it was used, is older than ten minutes, or the server has been restarted since. ' +
  'Restart the server for a new one, or sign in with a token.'
const Offer = z.union([z.strictObject({ secret: z.string() }), z.strictObject({ token: z.string() })])

/**
 * `/session`: POST signs in with the `{"secret"}` of a sign-in link or a `{"token"}`, GET returns who is signed in,
 * DELETE signs out. For our own pages only: other origins have no use for the cookie.
 */
export async function handleSession(req: IncomingMessage, res: ServerResponse, auth: Auth): Promise<void> {
  switch (req.method) {
    case 'POST':
      return await signIn(req, res, auth)
    case 'GET':
      return sendJson(
        res,
        200,
        shown(await auth.authenticator.authenticate({ cookie: req.headers.cookie, ...callerOf(req) })),
      )
    case 'DELETE': {
      await signOut(req, auth)
      res.setHeader('Set-Cookie', auth.cookie.clear())
      res.writeHead(204)
      res.end()
      return
    }
    default:
      res.setHeader('Allow', 'GET, POST, DELETE')
      return sendError(req, res, { code: 'BAD_REQUEST', status: 405, message: 'Use GET, POST or DELETE.' })
  }
}

async function signIn(req: IncomingMessage, res: ServerResponse, auth: Auth): Promise<void> {
  const offer = Offer.safeParse(await readJson(req, MAX_BODY_BYTES, ['application/json']))
  if (!offer.success) {
    return sendError(req, res, { code: 'BAD_REQUEST', message: 'Send {"secret": "…"} or {"token": "…"}.' })
  }
  const previous = auth.cookie.read(req.headers.cookie)
  const secret = await auth.signIn(offer.data, callerOf(req))
  if (secret === undefined) {
    const message = 'secret' in offer.data ? LINK_NOT_VALID : 'This token is not valid.'
    return sendError(req, res, { code: 'UNAUTHENTICATED', message })
  }
  // The cookie of the previous session is overwritten, so nobody could ever sign out of that session.
  if (previous !== undefined) await auth.sessions.end(previous)
  res.setHeader('Set-Cookie', auth.cookie.set(secret))
  const cookie = `${auth.cookie.name}=${secret}`
  sendJson(res, 200, shown(await auth.authenticator.authenticate({ cookie })))
}

async function signOut(req: IncomingMessage, auth: Auth): Promise<void> {
  const secret = auth.cookie.read(req.headers.cookie)
  if (secret === undefined) return
  try {
    // A made-up secret counts as a wrong credential, and there is no session to remove.
    await auth.authenticator.authenticate({ cookie: req.headers.cookie, ...callerOf(req) })
  } catch (error) {
    if (error instanceof RefusedError && error.code === 'UNAUTHENTICATED') return
    if (error instanceof RefusedError) throw error
    // With the store unavailable, the connections of the session are closed all the same.
  }
  await auth.sessions.end(secret)
}

function shown({ name, scopes }: Viewer) {
  return { name, scopes: [...scopes] }
}
