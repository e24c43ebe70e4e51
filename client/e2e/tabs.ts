import type { BrowserContext, Page } from 'playwright-core'
import { expect } from 'vitest'

/** What a page shows while it is live over WebSocket. */
export const OVER_WEBSOCKET = '[data-connection="live"][data-via="websocket"]'

/** Opens these paths, the first of them in a tab that is there. */
export async function openTabs(context: BrowserContext, first: Page, paths: readonly string[]): Promise<Page[]> {
  const others = await Promise.all(paths.slice(1).map(() => context.newPage()))
  const tabs = [first, ...others]
  await Promise.all(tabs.map((tab, index) => tab.goto(paths[index] ?? '/')))
  return tabs
}

/** Waits until figures of the list change. */
export async function expectNewFigures(page: Page): Promise<void> {
  const figures = () => page.locator('tbody tr').allTextContents()
  await page.locator('tbody tr[data-id]').first().waitFor()
  const before = await figures()
  await expect.poll(figures, { timeout: 20_000 }).not.toEqual(before)
}

/** Four active deployments. */
export async function activeIds(page: Page): Promise<string[]> {
  const query = '{ deployments(first: 4, filter: { status: [ACTIVE] }) { edges { node { id } } } }'
  const answer = await page.request.post('/graphql', { data: { query } })
  const { data } = (await answer.json()) as { data: { deployments: { edges: { node: { id: string } }[] } } }
  return data.deployments.edges.map(({ node }) => node.id)
}
