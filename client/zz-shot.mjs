import { chromium } from 'playwright-core'
import { existsSync } from 'node:fs'
const [,, base, link, script] = process.argv
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-quic'] })
const state = '/tmp/run/state.json'
if (link !== '-') {
  const c = await browser.newContext(); const p = await c.newPage()
  await p.goto(link); await p.waitForURL((u) => !u.hash.includes('sign-in') && !u.pathname.includes('sign-in'), { timeout: 30000 }).catch(() => {})
  await p.waitForTimeout(3000); await c.storageState({ path: state }); await c.close()
}
const { default: run } = await import(script)
await run({ browser, base, newPage: async (width, height, scheme) => { const c = await browser.newContext({ storageState: state, viewport: { width, height }, colorScheme: scheme }); return c.newPage() } })
await browser.close()
