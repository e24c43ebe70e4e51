import type { BrowserContext, Page, WebSocketRoute } from 'playwright-core'
import type { RunningServer } from './server.ts'

/** One way to be away: what is between `leave` and `back` reaches no tab, but for what each asks for afterwards. */
export interface Way {
  name: string
  leave(): Promise<void>
  back(): Promise<void>
}

/** Longer than a hidden tab keeps its streams, and then longer than it keeps its socket. */
const HIDDEN_MS = [11_000, 4_000]
const SLEEP_MS = 60_000

/** Stands between the tabs of a context and the server. Install it before the first page loads. */
export async function createWays(context: BrowserContext, server: RunningServer): Promise<Way[]> {
  let isCut = false
  const sockets = new Set<{ isDead: boolean }>()
  await context.clock.install()
  await context.routeWebSocket(/graphql/, async (page: WebSocketRoute) => {
    if (isCut) return page.close()
    const socket = { isDead: false }
    sockets.add(socket)
    const up = page.connectToServer()
    page.onMessage((message) => {
      if (!socket.isDead) up.send(message)
    })
    up.onMessage((message) => {
      if (!socket.isDead) page.send(message)
    })
  })
  const each = (act: (page: Page) => Promise<unknown>) => Promise.all(context.pages().map(act))
  const cut = async () => {
    isCut = true
    for (const socket of sockets) socket.isDead = true
    await context.route(/graphql|session/, (route) => route.abort())
  }
  const mend = async () => {
    isCut = false
    await context.unroute(/graphql|session/)
  }
  const show = (state: DocumentVisibilityState) =>
    each((page) =>
      page.evaluate((visibility) => {
        Object.defineProperty(document, 'visibilityState', { value: visibility, configurable: true })
        Object.defineProperty(document, 'hidden', { value: visibility === 'hidden', configurable: true })
        document.dispatchEvent(new Event('visibilitychange'))
      }, state),
    )
  return [
    {
      name: 'hidden',
      async leave() {
        await show('hidden')
        await each(async (page) => {
          for (const ms of HIDDEN_MS) await page.clock.fastForward(ms)
          await page.clock.setSystemTime(Date.now())
        })
      },
      back: async () => void (await show('visible')),
    },
    {
      name: 'offline',
      async leave() {
        await context.setOffline(true)
        await cut()
      },
      async back() {
        await mend()
        await context.setOffline(false)
      },
    },
    {
      name: 'asleep',
      leave: cut,
      async back() {
        await mend()
        await each(async (page) => {
          await page.clock.fastForward(SLEEP_MS)
          await page.clock.setSystemTime(Date.now())
        })
      },
    },
    {
      name: 'without a server, which is restarted',
      async leave() {
        await cut()
        await server.kill()
        await server.start()
      },
      async back() {
        await mend()
        // Who looks at the tab does not wait for its backoff, unless it was just trying.
        await show('visible')
        await each((page) => page.locator('[data-connection="live"]').waitFor())
      },
    },
  ]
}
