import { gzipSync } from 'node:zlib'
import { expect, it } from 'vitest'
import { launchBrowser, signedInPage } from './browser.ts'
import { startServer } from './server.ts'

/** What a browser has to fetch before it shows the start page. */
const MOST_SCRIPT_KB = 170

it(`shows the start page with at most ${MOST_SCRIPT_KB} KB of compressed script`, async () => {
  const [server, browser] = await Promise.all([startServer(), launchBrowser()])
  try {
    const { page } = await signedInPage(browser, server)
    const sizes: Promise<number>[] = []
    page.on('response', (response) => {
      if (response.request().resourceType() !== 'script') return
      sizes.push(response.body().then((body) => gzipSync(body).length))
    })
    await page.goto('/deployments')
    await page.locator('tbody tr[data-id]').first().waitFor()
    const scripts = await Promise.all(sizes)
    const bytes = scripts.reduce((sum, size) => sum + size, 0)
    console.log(`First route: ${(bytes / 1024).toFixed(1)} KB of script in ${scripts.length} files`)
    expect(scripts.length).toBeGreaterThan(1)
    expect(bytes / 1024).toBeLessThanOrEqual(MOST_SCRIPT_KB)
  } finally {
    await browser.close()
    await server.stop()
  }
})
