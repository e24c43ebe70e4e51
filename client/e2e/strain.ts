import type { Page } from 'playwright-core'

/** The longest name that the API accepts for a model is as long; without a place to break. */
const longName = (name: string) => name.padEnd(60, '-extra-large-and-long').slice(0, 60)

const strained = (text: string) =>
  text
    .replace(/"name":"([^"]+)"/g, (_, name: string) => `"name":"${longName(name)}"`)
    .replace(/"p99Ms":[\d.]+/g, '"p99Ms":723456.7')
    .replace(/"requestsPerSecond":[\d.]+/g, '"requestsPerSecond":123456.7')
    .replace(/"errorRate":[\d.]+/g, '"errorRate":0.1234')

/** From now on the page is told that every name has 60 characters and that every p99 is twelve minutes. */
export async function strain(page: Page): Promise<void> {
  await page.route('**/graphql', async (route) => {
    if (route.request().resourceType() === 'document') return route.continue()
    const response = await route.fetch()
    await route.fulfill({ response, body: strained(await response.text()) })
  })
  await page.routeWebSocket('**/graphql', (socket) => {
    const upstream = socket.connectToServer()
    upstream.onMessage((message) => socket.send(strained(String(message))))
  })
}
