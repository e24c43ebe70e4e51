import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { consoleProblemsOf, launchBrowser } from './browser.ts'
import { largeFleet } from './large-fleet.ts'
import { type PathProxy, startPathProxy } from './path-proxy.ts'
import { ADMIN_TOKEN, freePort, type RunningServer, startServer } from './server.ts'

let server: RunningServer
let browser: Browser
let proxy: PathProxy

beforeAll(async () => {
  const port = await freePort()
  proxy = await startPathProxy('/gaugeline', port)
  ;[server, browser] = await Promise.all([
    startServer({ port, publicUrl: `${proxy.origin}/gaugeline`, fill: largeFleet(3) }),
    launchBrowser(),
  ])
})

afterAll(async () => {
  await browser.close()
  await server.stop()
  await proxy[Symbol.asyncDispose]()
})

const live = (page: Page) => page.locator('[data-connection="live"]').waitFor()

describe.each([
  { title: 'a proxy that passes the path on', removesPath: false },
  { title: 'a proxy that removes the path', removesPath: true },
])('below a path of its host, behind $title', ({ removesPath }) => {
  it('the client signs in, is live, opens its pages at their addresses, and signs out', async () => {
    proxy.removesPath = removesPath
    proxy.strays.length = 0
    const at = (path: string) => `${proxy.origin}/gaugeline${path}`
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 } })
    const page = await context.newPage()
    const consoleProblems = consoleProblemsOf(page)
    const sockets: string[] = []
    page.on('websocket', (socket) => sockets.push(socket.url()))
    if (removesPath) {
      await page.goto(at('/training-jobs?status=COMPLETED'))
      await page.getByLabel('Token').fill(ADMIN_TOKEN)
      await page.getByRole('button', { name: 'Sign in' }).click()
      await page.waitForURL(at('/training-jobs?status=COMPLETED'))
      await page.getByRole('link', { name: 'Deployments' }).first().click()
    } else {
      expect(server.signInUrl).toMatch(new RegExp(`^${at('/sign-in')}#`))
      await page.goto(server.signInUrl)
    }
    await page.waitForURL(at('/deployments'))
    await live(page)
    expect(sockets).toContain(at('/graphql').replace('http', 'ws'))
    const [cookie] = await context.cookies(at('/'))
    expect(cookie).toMatchObject({ path: '/gaugeline', httpOnly: true, sameSite: 'Strict' })

    await page.locator('a[href^="/gaugeline/deployments/"]').first().click()
    await page.waitForURL(/\/gaugeline\/deployments\/\w+/)
    await page.reload()
    await live(page)
    await page.locator('[data-points]').first().waitFor()

    await page.getByRole('button', { name: /^Session of/ }).click()
    await page.getByRole('menuitem', { name: 'Sign out' }).click()
    await page.waitForURL(at('/sign-in'))
    expect(await context.cookies(at('/'))).toEqual([])
    // Nothing was asked of the other applications of this host, except the icon that browsers guess.
    expect(proxy.strays.filter((path) => path !== '/favicon.ico')).toEqual([])
    // Before the sign-in, the server says 401 to the question who is signed in.
    expect(consoleProblems.filter((text) => !text.includes('401'))).toEqual([])
    await context.close()
  })
})

it('below a path of its host, the playground asks this server, and leads back to the client', async () => {
  const context = await browser.newContext({ baseURL: `${proxy.origin}/gaugeline/` })
  await context.request.post('session', { data: { token: ADMIN_TOKEN } })
  const page = await context.newPage()
  await page.goto('graphql', { waitUntil: 'commit' })
  await page.getByText('Signed in as admin').waitFor()
  await page.getByRole('button', { name: /^Execute query/ }).click()
  await page.locator('.result-window').getByText('"trainingJobs"').waitFor()
  await page.getByRole('link', { name: 'Back to Gaugeline' }).click()
  await page.waitForURL('**/gaugeline/deployments')
  expect(proxy.strays.filter((path) => path !== '/favicon.ico')).toEqual([])
  await context.close()
})
