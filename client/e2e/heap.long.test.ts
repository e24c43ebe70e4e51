import { writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CDPSession, Page } from 'playwright-core'
import { expect, it } from 'vitest'
import { drawnSeries, launchBrowser, signedInPage } from './browser.ts'
import { startServer } from './server.ts'

const minutes = Number(process.env['HEAP_MINUTES'] ?? 60)
const reportPath = process.env['HEAP_REPORT'] ?? join(tmpdir(), `gaugeline-heap-${Date.now()}.json`)
/** The heap at the end may be at most this many times the heap after ten minutes. */
const MAX_GROWTH = 1.05

/** The reachable heap after a full garbage collection. */
async function heapMb(session: CDPSession): Promise<number> {
  await session.send('HeapProfiler.collectGarbage')
  const { usedSize } = await session.send('Runtime.getHeapUsage')
  return usedSize / 2 ** 20
}

/** The main thread's CPU time so far, in seconds. */
async function taskSeconds(session: CDPSession): Promise<number> {
  const { metrics } = await session.send('Performance.getMetrics')
  return metrics.find(({ name }) => name === 'TaskDuration')?.value ?? NaN
}

it(`does not leak memory over ${minutes} minutes on a deployment's page and on the list`, async () => {
  const server = await startServer()
  const browser = await launchBrowser()
  try {
    const { page: list, consoleProblems } = await signedInPage(browser, server)
    await list.goto('/deployments')
    await list.locator('tbody tr').first().waitFor()
    const href = await list.locator('tbody tr a[href^="/deployments/"]').first().getAttribute('href')
    const { page: detail } = await signedInPage(browser, server)
    await detail.goto(href ?? '')
    await detail.locator('[data-points]').first().waitFor()
    const sessions = await Promise.all([list, detail].map((page: Page) => page.context().newCDPSession(page)))
    for (const session of sessions) await session.send('Performance.enable', { timeDomain: 'threadTicks' })
    const rows: { minute: number; listMb: number; detailMb: number; listCpu: number; detailCpu: number }[] = []
    const start = performance.now()
    const [list0 = NaN, detail0 = NaN] = await Promise.all(sessions.map(taskSeconds))
    while (performance.now() - start < minutes * 60_000) {
      await new Promise((resolve) => setTimeout(resolve, 60_000))
      const [listMb = NaN, detailMb = NaN] = await Promise.all(sessions.map(heapMb))
      const [listS = NaN, detailS = NaN] = await Promise.all(sessions.map(taskSeconds))
      const seconds = (performance.now() - start) / 1000
      const share = (now: number, before: number) => (now - before) / seconds
      const minute = seconds / 60
      rows.push({ minute, listMb, detailMb, listCpu: share(listS, list0), detailCpu: share(detailS, detail0) })
      writeFileSync(reportPath, JSON.stringify(rows, null, 1))
    }
    const last = rows.at(-1)
    console.log(`Heap after ${minutes} min: ${JSON.stringify(last)}; all figures: ${reportPath}`)
    expect(consoleProblems).toEqual([])
    const { step, longestStep } = await drawnSeries(detail)
    expect(longestStep).toBeLessThanOrEqual(2 * step)
    const tenth = rows.find(({ minute }) => minute >= 10)
    if (!last || !tenth) return
    expect(last.listMb / tenth.listMb).toBeLessThanOrEqual(MAX_GROWTH)
    expect(last.detailMb / tenth.detailMb).toBeLessThanOrEqual(MAX_GROWTH)
  } finally {
    await browser.close()
    await server.stop()
  }
})
