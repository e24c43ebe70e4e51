import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { consoleProblemsOf, launchBrowser, launchWithoutCookies, signedInPage } from './browser.ts'
import { ADMIN_TOKEN, type RunningServer, startServer } from './server.ts'
import { findSubjects } from './states.ts'

let server: RunningServer
let browser: Browser
let admin: Page
let context: BrowserContext
let consoleProblems: string[]

beforeAll(async () => {
  ;[server, browser] = await Promise.all([startServer(), launchBrowser()])
  ;({ page: admin, context, consoleProblems } = await signedInPage(browser, server))
  await context.grantPermissions(['clipboard-read', 'clipboard-write'])
})

afterAll(async () => {
  await context.close()
  await browser.close()
  await server.stop()
})

/** A page of somebody who signed in with this token. */
async function pageOf(token: string): Promise<Page> {
  const other = await browser.newContext({ viewport: { width: 1440, height: 900 }, baseURL: server.origin })
  const page = await other.newPage()
  await page.goto('/sign-in')
  await page.getByLabel('Token').fill(token)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.waitForURL('**/deployments')
  await page.locator('[data-connection="live"]').waitFor()
  return page
}

/** Receives webhooks on this machine and answers them with `status`. */
async function startReceiver() {
  const types: string[] = []
  const receiver = { types, status: 204, url: '', [Symbol.asyncDispose]: () => closed() }
  const http = createServer((req, res) => {
    void text(req).then((body) => {
      types.push((JSON.parse(body) as { type: string }).type)
      res.writeHead(receiver.status).end()
    })
  })
  const closed = async () => {
    http.closeAllConnections()
    http.close()
    await once(http, 'close')
  }
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  receiver.url = `http://127.0.0.1:${(http.address() as AddressInfo).port}/hook`
  return receiver
}

describe('a person who signs in', () => {
  it('is not told about a session that never was', async () => {
    const stranger = await browser.newContext({ baseURL: server.origin })
    const page = await stranger.newPage()
    await page.goto('/deployments')
    await page.getByLabel('Token').waitFor()
    expect(await page.getByText('session has ended').count()).toBe(0)
    await stranger.close()
  })

  it('may paste a link while the page for signing in is open, and never sees its secret in the address', async () => {
    const stranger = await browser.newContext({ baseURL: server.origin })
    const page = await stranger.newPage()
    await page.goto('/sign-in')
    await page.getByLabel('Token').waitFor()
    for (const attempt of ['first', 'second']) {
      await page.goto(`/sign-in#not-the-secret-${attempt}`)
      await page.getByText('This sign-in link has been used').waitFor()
      expect(page.url()).toBe(`${server.origin}/sign-in`)
      await page.getByLabel('Token').fill('x')
    }
    await page.goto(server.signInUrl)
    await page.waitForURL('**/deployments')
    await page.goBack()
    expect(page.url()).not.toContain('#')
    await stranger.close()
  })

  it('is told when the session is over, also by a page that was opened later', async () => {
    const page = await pageOf(ADMIN_TOKEN)
    await page.context().clearCookies()
    await page.goto('/training-jobs')
    await page.waitForURL('**/sign-in?back=**')
    await page.getByText('Your session has ended').waitFor()
    await page.getByLabel('Token').fill(ADMIN_TOKEN)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.waitForURL('**/training-jobs')
    await page.getByRole('button', { name: 'Session of admin' }).click()
    await page.getByRole('menuitem', { name: 'Sign out' }).click()
    await page.waitForURL('**/sign-in')
    await page.goto('/training-jobs')
    await page.getByLabel('Token').waitFor()
    expect(await page.getByText('session has ended').count()).toBe(0)
    await page.context().close()
  })

  it('is told that signing in needs cookies where the browser blocks them and all storage', async () => {
    await using blocked = await launchWithoutCookies()
    const problems = consoleProblemsOf(blocked.page)
    await blocked.page.goto(`${server.origin}/deployments`)
    await blocked.page.getByText('Signing in needs a cookie').waitFor()
    expect(await blocked.page.evaluate(() => document.cookie)).toBe('')
    // The secret of a link is not used up for nothing.
    await blocked.page.goto(`${server.origin}/sign-in#some-secret`)
    await blocked.page.getByText('Signing in needs a cookie').waitFor()
    expect(blocked.page.url()).toBe(`${server.origin}/sign-in`)
    expect(problems.filter((text) => !text.includes('401'))).toEqual([])
  })

  it('can use the whole client where only storage is blocked', async () => {
    const { page, context: other, consoleProblems: problems } = await signedInPage(browser, server)
    await other.addInitScript(() => {
      for (const area of ['localStorage', 'sessionStorage', 'indexedDB', 'caches']) {
        Object.defineProperty(window, area, {
          get() {
            throw new DOMException('The request was denied.', 'SecurityError')
          },
        })
      }
    })
    await page.goto('/settings')
    await page.getByText('Dark').click()
    await page.getByRole('link', { name: 'Deployments' }).click()
    await page.locator('[data-connection="live"]').waitFor()
    expect(await page.evaluate(() => document.documentElement.dataset['theme'])).toBe('dark')
    expect(problems).toEqual([])
    await other.close()
  })
})

describe('a person with the ADMIN scope', () => {
  let secret: string

  it('creates a token, sees each error beside its field, and sees the secret once', async () => {
    await admin.goto('/settings')
    await admin.getByText('There are no tokens yet').waitFor()
    await admin.getByRole('button', { name: 'Create a token' }).click()
    await admin.waitForURL('**/settings?newToken=true')
    const dialog = admin.getByRole('dialog')
    await dialog.getByRole('button', { name: 'Create', exact: true }).click()
    await dialog.getByText('Who will use it? The name').waitFor()
    // Only the server knows that the token from the environment has this name.
    await dialog.getByLabel('Name').fill('Admin')
    await dialog.getByRole('button', { name: 'Create', exact: true }).click()
    await expect.poll(() => dialog.getByLabel('Name').getAttribute('aria-invalid')).toBe('true')
    await dialog.getByLabel('Name').fill('wall screen')
    await dialog.getByRole('button', { name: 'Create', exact: true }).click()
    const shown = dialog.getByLabel('Token', { exact: true })
    await shown.waitFor()
    secret = await shown.inputValue()
    await dialog.getByRole('button', { name: 'Copy' }).click()
    await dialog.getByText('Copied to the clipboard').waitFor()
    expect(await admin.evaluate(() => navigator.clipboard.readText())).toBe(secret)
    // A click outside the dialog does not close it; whatever else would take the secret away asks first.
    await admin.mouse.click(5, 450)
    const leaving = [
      () => admin.keyboard.press('Escape'),
      () => dialog.getByRole('button', { name: 'Close', exact: true }).click(),
      () => admin.goBack(),
    ]
    for (const leave of leaving) {
      await leave()
      await dialog.getByText('Have you stored it?').waitFor()
      expect(await shown.inputValue()).toBe(secret)
      await dialog.getByRole('button', { name: 'Keep it open' }).click()
    }
    await dialog.getByRole('button', { name: 'I have stored it' }).click()
    await admin.waitForURL('**/settings')
    const row = admin.getByRole('list', { name: 'API tokens' }).getByRole('listitem')
    expect(await row.count()).toBe(1)
    expect(await row.innerText()).toMatch(
      /wall screen\s+Active\s+read[\s\S]*Created by admin[\s\S]*Never used[\s\S]*Expires/,
    )
    expect(await admin.content()).not.toContain(secret)
  })

  it('signs in with a token that can only read: what it cannot do is disabled and says why', async () => {
    const page = await pageOf(secret)
    const { active } = await findSubjects(page)
    await page.goto('/training-jobs?status=COMPLETED')
    const deploy = page.getByRole('button', { name: /^Deploy/ }).first()
    await deploy.waitFor()
    expect(await page.locator('button:not([aria-disabled])', { hasText: 'Deploy' }).count()).toBe(0)
    expect(await deploy.getAttribute('aria-describedby')).not.toBeNull()
    await page.getByText('Not allowed for your token').first().waitFor()
    const start = page.getByRole('button', { name: 'Start a training job' })
    await start.click({ force: true })
    expect(await page.getByRole('dialog').count()).toBe(0)
    await page.goto(`/deployments/${active}`)
    await page.getByText('Not allowed for your token').waitFor()
    await page.getByRole('button', { name: 'Pause' }).click({ force: true })
    await page.getByRole('button', { name: 'Delete…' }).click({ force: true })
    expect(await page.getByRole('alertdialog').count()).toBe(0)
    expect(await page.getByRole('button', { name: 'Pause' }).getAttribute('aria-disabled')).toBe('true')
    await page.goto('/settings')
    await page.getByText('Your token cannot manage these').first().waitFor()
    // Both for tokens and for webhooks.
    expect(await page.getByText('Your token cannot manage these').count()).toBe(2)
    await page.context().close()
  })

  it('revokes the token by its name, which signs out its users at once', async () => {
    const page = await pageOf(secret)
    const unexpected = consoleProblemsOf(page)
    await admin.reload()
    await admin.getByText(/Last used/).waitFor()
    await admin.getByRole('button', { name: 'Revoke… wall screen' }).click()
    await admin.waitForURL('**/settings?revoke=*')
    const dialog = admin.getByRole('alertdialog', { name: 'Revoke wall screen?' })
    await dialog.getByRole('button', { name: 'Revoke' }).click()
    const pressed = performance.now()
    await page.waitForURL('**/sign-in?back=**')
    await page.getByText(/^Your session has ended: .*was revoked/).waitFor()
    console.log(`Signed out ${(performance.now() - pressed).toFixed(0)} ms after Revoke was pressed`)
    await admin.waitForURL('**/settings')
    const row = admin.getByRole('list', { name: 'API tokens' }).getByRole('listitem')
    expect(await row.innerText()).toMatch(/wall screen\s+Revoked/)
    expect(await row.getByRole('button').count()).toBe(0)
    await page.getByLabel('Token').fill(secret)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByText('This token is unknown').waitFor()
    expect(unexpected.filter((text) => !text.includes('401'))).toEqual([])
    await page.context().close()
  })

  it('adds a webhook, sees its secret once, tests it, sees the result, and deletes it by its name', async () => {
    await using receiver = await startReceiver()
    await admin.goto('/settings')
    await admin.getByRole('button', { name: 'Add a webhook' }).click()
    await admin.waitForURL('**/settings?newWebhook=true')
    const dialog = admin.getByRole('dialog')
    await dialog.getByLabel('Name').fill('chat')
    await dialog.getByLabel('URL').fill('http://10.0.0.1/hook#part')
    await dialog.getByRole('button', { name: 'Add', exact: true }).click()
    // Only the server checks the address.
    await expect.poll(() => dialog.getByLabel('URL').getAttribute('aria-invalid')).toBe('true')
    await dialog.getByLabel('URL').fill(receiver.url)
    await dialog.getByLabel('Models').fill('team/b team/a')
    await dialog.getByRole('button', { name: 'Add', exact: true }).click()
    expect(await dialog.getByLabel('Secret').inputValue()).toMatch(/^whsec_/)
    await dialog.getByRole('button', { name: 'I have stored it' }).click()
    await admin.waitForURL('**/settings')
    const row = admin.getByRole('list', { name: 'Webhooks' }).getByRole('listitem')
    expect(await row.innerText()).toContain(receiver.url)
    expect(await row.innerText()).toContain('of team/a, team/b')
    await row.getByRole('button', { name: 'Test chat' }).click()
    await row.getByText(/^Received \(204\) in \d+ ms\.$/).waitFor()
    expect(receiver.types).toEqual(['webhook.test'])
    receiver.status = 500
    await row.getByRole('button', { name: 'Test chat' }).click()
    await row.getByText('Failed: the answer was not 2xx (500).').waitFor()
    await row.getByRole('button', { name: 'Delete… chat' }).click()
    await admin
      .getByRole('alertdialog', { name: 'Delete the webhook chat?' })
      .getByRole('button', { name: 'Delete', exact: true })
      .click()
    await row.waitFor({ state: 'detached' })
  })

  it('sees no errors or warnings in the console', () => {
    expect(consoleProblems).toEqual([])
  })
})
