import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { consoleProblemsOf, launchBrowser, signedInPage } from './browser.ts'
import { type RunningServer, startServer } from './server.ts'
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
    // A click outside the dialog does not close it.
    await admin.mouse.click(5, 450)
    expect(await shown.isVisible()).toBe(true)
    await dialog.getByRole('button', { name: 'Done' }).click()
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
    await dialog.getByRole('button', { name: 'Done' }).click()
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
