import { beforeEach, describe, expect, it } from 'vitest'
import { ADMIN_TOKEN, MemorySessionStore } from '../../test/http-test-server.ts'
import type { Auth } from './auth.ts'
import { createAuth } from './auth.ts'
import { SESSION_LIFETIME_MS } from './sessions.ts'
import { SIGN_IN_LINK_LIFETIME_MS } from './sign-in-links.ts'
import { SCOPES } from './viewer.ts'

const ORIGIN = 'http://127.0.0.1:4000'
let nowMs: number
let store: MemorySessionStore

/** A server's auth; another call with the same store is the next start. */
function start(adminToken: string | undefined = ADMIN_TOKEN): Auth {
  return createAuth({ store, clock: { now: () => nowMs }, port: 4000, secure: false, adminToken })
}

function secretOf(url: string): string {
  return new URL(url).hash.slice(1)
}

beforeEach(() => {
  nowMs = Date.UTC(2026, 0, 1)
  store = new MemorySessionStore()
})

describe('sign-in links', () => {
  it('hold their secret in the fragment, which browsers send to nobody', () => {
    const url = new URL(start().newSignInUrl(ORIGIN))
    expect(url.origin + url.pathname + url.search).toBe(`${ORIGIN}/sign-in`)
    expect(secretOf(url.href)).toMatch(/^[\w-]{43}$/)
  })

  it('open one session, of the owner, with every scope', async () => {
    const auth = start()
    const link = secretOf(auth.newSignInUrl(ORIGIN))
    const secret = await auth.signIn({ secret: link })
    const viewer = await auth.authenticator.authenticate({ cookie: `gaugeline_session_4000=${secret}` })
    expect(viewer.name).toBe('owner')
    expect([...viewer.scopes]).toEqual([...SCOPES])
    expect(await auth.signIn({ secret: link })).toBeUndefined()
  })

  it('open one session also when two ask at once', async () => {
    const auth = start()
    const link = secretOf(auth.newSignInUrl(ORIGIN))
    const both = await Promise.all([auth.signIn({ secret: link }), auth.signIn({ secret: link })])
    expect(both.filter((secret) => secret !== undefined)).toHaveLength(1)
  })

  it('are good for ten minutes, and not a millisecond more', async () => {
    const auth = start()
    const [inTime, tooLate] = [auth.newSignInUrl(ORIGIN), auth.newSignInUrl(ORIGIN)].map(secretOf)
    nowMs += SIGN_IN_LINK_LIFETIME_MS - 1
    expect(await auth.signIn({ secret: inTime ?? '' })).toBeDefined()
    nowMs += 1
    expect(await auth.signIn({ secret: tooLate ?? '' })).toBeUndefined()
  })

  it('end with the process that made them', async () => {
    const link = secretOf(start().newSignInUrl(ORIGIN))
    expect(await start().signIn({ secret: link })).toBeUndefined()
  })
})

describe('sessions', () => {
  async function signIn(auth: Auth): Promise<string> {
    const secret = await auth.signIn({ secret: secretOf(auth.newSignInUrl(ORIGIN)) })
    return `gaugeline_session_4000=${secret}`
  }

  it('outlive a restart', async () => {
    const cookie = await signIn(start())
    expect((await start().authenticator.authenticate({ cookie })).name).toBe('owner')
  })

  it('are stored as hashes only', async () => {
    const cookie = await signIn(start())
    const secret = cookie.split('=')[1] ?? ''
    const stored = JSON.stringify([...store.rows.values()])
    expect(stored).not.toContain(secret)
    expect(stored).not.toContain(secret.slice(2))
  })

  it('last thirty days', async () => {
    const auth = start()
    const cookie = await signIn(auth)
    nowMs += SESSION_LIFETIME_MS - 1
    await expect(auth.authenticator.authenticate({ cookie })).resolves.toMatchObject({ name: 'owner' })
    nowMs += 1
    await expect(auth.authenticator.authenticate({ cookie })).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
  })

  it('are removed at a start once they have expired, and only then', async () => {
    const auth = start()
    await signIn(auth)
    nowMs += SESSION_LIFETIME_MS - 1
    await auth.sessions.removeExpired()
    expect(store.rows.size).toBe(1)
    nowMs += 1
    await auth.sessions.removeExpired()
    expect(store.rows.size).toBe(0)
  })

  it('opened with ADMIN_TOKEN end when it is another, or none', async () => {
    const auth = start()
    const cookie = `gaugeline_session_4000=${await auth.signIn({ token: ADMIN_TOKEN })}`
    expect((await start().authenticator.authenticate({ cookie })).name).toBe('admin')
    const rotated = start('another-admin-token-0123456789-abcdef')
    await expect(rotated.authenticator.authenticate({ cookie })).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
    const none = createAuth({ store, clock: { now: () => nowMs }, port: 4000, secure: false })
    await expect(none.authenticator.authenticate({ cookie })).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
  })

  it('are told apart by the port in the name of their cookie', async () => {
    const auth = start()
    const cookie = await signIn(auth)
    const other = cookie.replace('_4000', '_4001')
    await expect(auth.authenticator.authenticate({ cookie: other })).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
    const both = `a=b; ${other.split('=')[0]}=o.wrong; ${cookie}; c=d`
    await expect(auth.authenticator.authenticate({ cookie: both })).resolves.toMatchObject({ name: 'owner' })
  })

  it('name the ended session to their listeners', async () => {
    const auth = start()
    const cookie = await signIn(auth)
    const ended: string[] = []
    auth.sessions.onEnd((id) => ended.push(id))
    const { sessionId } = await auth.authenticator.authenticate({ cookie })
    await auth.sessions.end(cookie.split('=')[1] ?? '')
    expect(ended).toEqual([sessionId])
  })
})

describe('the authenticator', () => {
  it('takes ADMIN_TOKEN as a header and as a bare token', async () => {
    const { authenticator } = start()
    for (const credentials of [
      { authorization: `Bearer ${ADMIN_TOKEN}` },
      { authorization: `bearer  ${ADMIN_TOKEN} ` },
      { token: ADMIN_TOKEN },
    ]) {
      expect(await authenticator.authenticate(credentials)).toMatchObject({ name: 'admin' })
    }
  })

  it.each([
    { authorization: 'Bearer wrong' },
    { authorization: ADMIN_TOKEN },
    { authorization: `Basic ${ADMIN_TOKEN}` },
    { authorization: '' },
    { authorization: `Bearer ${ADMIN_TOKEN}x` },
    { token: '' },
    { token: ADMIN_TOKEN.slice(1) },
    { cookie: `gaugeline_session_4000=${ADMIN_TOKEN}` },
    { cookie: 'gaugeline_session_4000=' },
    {},
  ])('refuses %j', async (credentials) => {
    await expect(start().authenticator.authenticate(credentials)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
  })

  it('refuses every token where no ADMIN_TOKEN is set', async () => {
    const auth = createAuth({ store, clock: { now: () => nowMs }, port: 4000, secure: false })
    await expect(auth.authenticator.authenticate({ token: '' })).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
    expect(await auth.signIn({ token: '' })).toBeUndefined()
  })

  it('refuses a wrong token whatever the cookie says', async () => {
    const auth = start()
    const cookie = `gaugeline_session_4000=${await auth.signIn({ token: ADMIN_TOKEN })}`
    await expect(auth.authenticator.authenticate({ cookie, token: 'wrong' })).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
    })
  })
})

describe('the session cookie', () => {
  it('is out of reach of scripts, other sites and other ports', () => {
    expect(start().cookie.set('s')).toBe(
      'gaugeline_session_4000=s; Max-Age=2592000; Path=/; HttpOnly; SameSite=Strict',
    )
  })

  it('is Secure where people come by https', () => {
    const { cookie } = createAuth({ store, clock: { now: () => nowMs }, port: 4000, secure: true })
    expect(cookie.set('s')).toMatch(/; Secure$/)
    expect(cookie.clear()).toMatch(/; Secure$/)
  })
})
