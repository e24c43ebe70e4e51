import { beforeEach, describe, expect, it } from 'vitest'
import { ADMIN_TOKEN, createTestAuth, MemorySessionStore } from '../../test/http-test-server.ts'
import type { RefusedError } from '../base/errors.ts'
import type { AccessEnd } from './access-ends.ts'
import type { Auth } from './auth.ts'
import { SESSION_LIFETIME_MS } from './sessions.ts'
import { SIGN_IN_LINK_LIFETIME_MS } from './sign-in-links.ts'
import { SCOPES } from '../base/viewer.ts'

const ORIGIN = 'http://127.0.0.1:4000'
let nowMs: number
let store: MemorySessionStore

/** The auth of a server; another call with the same store acts as the next start. */
function start(adminToken: string | undefined = ADMIN_TOKEN): Auth {
  return createTestAuth(store, { clock: { now: () => nowMs }, port: 4000, secure: false, adminToken })
}

function secretOf(url: string): string {
  return new URL(url).hash.slice(1)
}

beforeEach(() => {
  nowMs = Date.UTC(2026, 0, 1)
  store = new MemorySessionStore()
})

describe('sign-in links', () => {
  it('hold their secret in the fragment, which browsers never send', () => {
    const url = new URL(start().newSignInUrl(ORIGIN))
    expect(url.origin + url.pathname + url.search).toBe(`${ORIGIN}/sign-in`)
    expect(secretOf(url.href)).toMatch(/^[\w-]{43}$/)
  })

  it('open one session for the owner, with every scope', async () => {
    const auth = start()
    const link = secretOf(auth.newSignInUrl(ORIGIN))
    const secret = await auth.signIn({ secret: link })
    const viewer = await auth.authenticator.authenticate({ cookie: `gaugeline_session_4000=${secret}` })
    expect(viewer.name).toBe('owner')
    expect([...viewer.scopes]).toEqual([...SCOPES])
    expect(await auth.signIn({ secret: link })).toBeUndefined()
  })

  it('open only one session when two callers use one at the same time', async () => {
    const auth = start()
    const link = secretOf(auth.newSignInUrl(ORIGIN))
    const both = await Promise.all([auth.signIn({ secret: link }), auth.signIn({ secret: link })])
    expect(both.filter((secret) => secret !== undefined)).toHaveLength(1)
  })

  it('stay valid when the session that they should open cannot be stored', async () => {
    const auth = start()
    const link = secretOf(auth.newSignInUrl(ORIGIN))
    store.isGone = true
    await expect(auth.signIn({ secret: link })).rejects.toThrow('ECONNREFUSED')
    store.isGone = false
    expect(await auth.signIn({ secret: link })).toBeDefined()
    expect(await auth.signIn({ secret: link })).toBeUndefined()
  })

  it('are valid for ten minutes, and not a millisecond more', async () => {
    const auth = start()
    const [inTime, tooLate] = [auth.newSignInUrl(ORIGIN), auth.newSignInUrl(ORIGIN)].map(secretOf)
    nowMs += SIGN_IN_LINK_LIFETIME_MS - 1
    expect(await auth.signIn({ secret: inTime ?? '' })).toBeDefined()
    nowMs += 1
    expect(await auth.signIn({ secret: tooLate ?? '' })).toBeUndefined()
  })

  it('become invalid when the process that created them ends', async () => {
    const link = secretOf(start().newSignInUrl(ORIGIN))
    expect(await start().signIn({ secret: link })).toBeUndefined()
  })
})

describe('sessions', () => {
  async function signIn(auth: Auth): Promise<string> {
    const secret = await auth.signIn({ secret: secretOf(auth.newSignInUrl(ORIGIN)) })
    return `gaugeline_session_4000=${secret}`
  }

  it('survive a restart', async () => {
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

  it('are removed once they have expired, and only then', async () => {
    const auth = start()
    await signIn(auth)
    nowMs += SESSION_LIFETIME_MS - 1
    await auth.sessions.removeEnded(nowMs)
    expect(store.rows.size).toBe(1)
    nowMs += 1
    await auth.sessions.removeEnded(nowMs)
    expect(store.rows.size).toBe(0)
  })

  it('that were opened with ADMIN_TOKEN end when it is changed or removed', async () => {
    const auth = start()
    const cookie = `gaugeline_session_4000=${await auth.signIn({ token: ADMIN_TOKEN })}`
    expect((await start().authenticator.authenticate({ cookie })).name).toBe('admin')
    const rotated = start('another-admin-token-0123456789-abcdef')
    await expect(rotated.authenticator.authenticate({ cookie })).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
    const none = createTestAuth(store, { clock: { now: () => nowMs }, port: 4000, secure: false })
    await expect(none.authenticator.authenticate({ cookie })).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
  })

  it('of an API token have its name, its scopes and its expiry', async () => {
    const auth = start()
    const expiresAt = new Date(nowMs + 3_600_000)
    const cookie = `gaugeline_session_4000=${await auth.signIn({ token: store.addToken('t1', ['READ'], expiresAt) })}`
    const { sessionId, ...viewer } = await auth.authenticator.authenticate({ cookie })
    expect(sessionId).toBeDefined()
    expect(viewer).toEqual({ name: 'token t1', scopes: new Set(['READ']), key: 'token:t1', tokenId: 't1', expiresAt })
    nowMs += 3_600_000
    await expect(auth.authenticator.authenticate({ cookie })).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
  })

  it('are limited to a hundred per token or name: the next one ends the oldest', async () => {
    const auth = start()
    const token = store.addToken('t1')
    const ended: AccessEnd[] = []
    auth.ends.on((end) => ended.push(end))
    const owner = await signIn(auth)
    const first = await auth.signIn({ token })
    for (let i = 1; i < 100; i += 1) await auth.signIn({ token })
    const viewer = await auth.authenticator.authenticate({ cookie: `gaugeline_session_4000=${first}` })
    expect(ended).toEqual([])
    await auth.signIn({ token })
    expect(ended).toEqual([{ sessionId: viewer.sessionId }])
    expect(store.rows.size).toBe(101)
    expect((await auth.authenticator.authenticate({ cookie: owner })).name).toBe('owner')
  })

  it('close what was opened with them even when the answer of the store is lost', async () => {
    const auth = start()
    const cookie = await signIn(auth)
    const { sessionId } = await auth.authenticator.authenticate({ cookie })
    const ended: AccessEnd[] = []
    auth.ends.on((end) => ended.push(end))
    store.isGone = true
    await expect(auth.sessions.end(cookie.split('=')[1] ?? '')).rejects.toThrow('ECONNREFUSED')
    expect(ended).toEqual([{ sessionId }])
  })

  it('that never existed end no other session', async () => {
    const auth = start()
    const ended: AccessEnd[] = []
    auth.ends.on((end) => ended.push(end))
    await auth.sessions.end(`o.${'x'.repeat(43)}`)
    await auth.sessions.end('x')
    expect(ended).toEqual([])
  })

  it('on different ports have cookies with different names', async () => {
    const auth = start()
    const cookie = await signIn(auth)
    const other = cookie.replace('_4000', '_4001')
    await expect(auth.authenticator.authenticate({ cookie: other })).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
    const both = `a=b; ${other.split('=')[0]}=o.wrong; ${cookie}; c=d`
    await expect(auth.authenticator.authenticate({ cookie: both })).resolves.toMatchObject({ name: 'owner' })
  })

  it('report the ended session to their listeners', async () => {
    const auth = start()
    const cookie = await signIn(auth)
    const ended: AccessEnd[] = []
    auth.ends.on((end) => ended.push(end))
    const { sessionId } = await auth.authenticator.authenticate({ cookie })
    await auth.sessions.end(cookie.split('=')[1] ?? '')
    expect(ended).toEqual([{ sessionId }])
  })
})

describe('the authenticator', () => {
  it('accepts ADMIN_TOKEN as a header and as a bare token', async () => {
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

  it('refuses every token if ADMIN_TOKEN is not set', async () => {
    const auth = createTestAuth(store, { clock: { now: () => nowMs }, port: 4000, secure: false })
    await expect(auth.authenticator.authenticate({ token: '' })).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
    expect(await auth.signIn({ token: '' })).toBeUndefined()
  })

  it('looks up at most a hundred unknown tokens of an address at once, counting each token once', async () => {
    const { authenticator } = start()
    store.hangs = true
    const ask = (secret: string, address: string) =>
      Promise.race([
        authenticator
          .authenticate({ token: `gl_${secret.padStart(43, 'x')}`, address })
          .catch((error: unknown) => (error as RefusedError).code),
        new Promise((resolve) => setImmediate(resolve, 'waits')),
      ])
    const asked = await Promise.all(Array.from({ length: 102 }, (_, i) => ask(String(i), '10.0.0.1')))
    expect(asked.slice(98)).toEqual(['waits', 'waits', 'RATE_LIMITED', 'RATE_LIMITED'])
    expect(await Promise.all([ask('0', '10.0.0.1'), ask('new', '10.0.0.2')])).toEqual(['waits', 'waits'])
  })

  it('refuses a wrong token even beside a valid cookie', async () => {
    const auth = start()
    const cookie = `gaugeline_session_4000=${await auth.signIn({ token: ADMIN_TOKEN })}`
    await expect(auth.authenticator.authenticate({ cookie, token: 'wrong' })).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
    })
  })
})

describe('the session cookie', () => {
  it('is ignored when there are two of it', async () => {
    const auth = start()
    const cookie = `gaugeline_session_4000=${await auth.signIn({ token: ADMIN_TOKEN })}`
    for (const both of [`${cookie}; gaugeline_session_4000=planted`, `gaugeline_session_4000=planted; ${cookie}`]) {
      await expect(auth.authenticator.authenticate({ cookie: both })).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
    }
  })

  it('cannot be reached by scripts, other sites and other ports', () => {
    expect(start().cookie.set('s')).toBe('gaugeline_session_4000=s; Max-Age=2592000; Path=/; HttpOnly; SameSite=Strict')
  })

  it('is Secure if people use https', () => {
    const { cookie } = createTestAuth(store, { clock: { now: () => nowMs }, port: 4000, secure: true })
    expect(cookie.set('s')).toMatch(/^__Host-gaugeline_session_4000=s; .*Path=\/; .*; Secure$/)
    expect(cookie.clear()).toMatch(/^__Host-gaugeline_session_4000=; .*; Secure$/)
    expect(cookie.read('gaugeline_session_4000=planted; __Host-gaugeline_session_4000=ours')).toBe('ours')
  })

  it('is sent to this server only, if other applications share its host', () => {
    const options = { clock: { now: () => nowMs }, port: 4000, basePath: '/gaugeline' }
    const { cookie } = createTestAuth(store, { ...options, secure: true })
    // Browsers accept the prefix __Host- for the path / only.
    expect(cookie.set('s')).toMatch(/^__Secure-gaugeline_session_4000=s; .*Path=\/gaugeline; .*; Secure$/)
    expect(cookie.clear()).toMatch(/^__Secure-gaugeline_session_4000=; .*Path=\/gaugeline; .*; Secure$/)
    const plain = createTestAuth(store, { ...options, secure: false })
    expect(plain.cookie.set('s')).toMatch(/^gaugeline_session_4000=s; .*Path=\/gaugeline; /)
  })
})
