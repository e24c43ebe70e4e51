import { mkdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { launchBrowser, signedInPage } from './browser.ts'
import { startServer } from './server.ts'

// `npm run pictures:readme -w @gaugeline/client`: the README's pictures, with demo data and a few minutes of live
// samples. Compress them before committing.

const FOLDER = fileURLToPath(new URL('../../docs/images/', import.meta.url))
const LIVE_MS = 150_000
const SUBJECT = 'doc-summarizer-7b'

await mkdir(FOLDER, { recursive: true })
const [server, browser] = await Promise.all([startServer(), launchBrowser()])
try {
  const shots = await Promise.all(
    (['light', 'dark'] as const).flatMap((colorScheme) =>
      [
        { name: 'deployments', height: 660 },
        { name: 'deployment', height: 900 },
      ].map(async ({ name, height }) => {
        const viewport = { width: 1440, height }
        const { page } = await signedInPage(browser, server, { viewport, colorScheme, deviceScaleFactor: 2 })
        await page.goto('/deployments?status=ACTIVE')
        if (name === 'deployment') await page.getByRole('link', { name: `${SUBJECT} v1.1.0` }).click()
        else await page.goto('/deployments')
        return { page, path: `${FOLDER}${name}${colorScheme === 'dark' ? '-dark' : ''}.png` }
      }),
    ),
  )
  await shots[0]?.page.waitForTimeout(LIVE_MS)
  for (const { page, path } of shots) {
    await page.bringToFront()
    await page.waitForTimeout(1_500)
    await page.screenshot({ path })
  }
} finally {
  await browser.close()
  await server.stop()
}
