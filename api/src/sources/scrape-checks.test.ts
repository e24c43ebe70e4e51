import { describe, expect, it } from 'vitest'
import { deferred } from '../base/deferred.ts'
import { Queue } from '../../test/queue.ts'
import { AddressGuard } from '../outbound/address-guard.ts'
import { allowedHosts } from '../outbound/public-addresses.ts'
import type { Scraped } from '../recording/sources/scraping/scrape.ts'
import { ScrapeFailedError } from '../recording/sources/scraping/scrape-failure.ts'
import { ScrapeChecks } from './scrape-checks.ts'
import { ScrapeError } from './source.errors.ts'
import { type NewScrape, SIMULATED } from './source-settings.ts'

const TARGET: NewScrape = {
  ...SIMULATED,
  kind: 'SCRAPED',
  intervalMs: 60_000,
  scrape: { url: 'http://gpu7:8000/', timeoutMs: 30_000, labels: {}, mapping: null, authorization: null },
  secret: 'Bearer x',
}
const NOTHING: Scraped = { families: [], series: 0, durationMs: 1, bytes: 0 }
const guard = new AddressGuard(allowedHosts([]))
const clock = { now: () => 0 }

describe('checks of targets', () => {
  it('run a few at a time, in order, and refuse more than can wait', async () => {
    const asked = new Queue<(scraped: Scraped) => void>()
    const open = { now: 0, most: 0 }
    const checks = new ScrapeChecks(guard, clock, async () => {
      const { promise, resolve } = deferred<Scraped>()
      open.most = Math.max(open.most, ++open.now)
      asked.push(resolve)
      return promise.finally(() => void --open.now)
    })
    const running = Array.from({ length: 15 }, () => checks.run(TARGET))
    await expect(checks.run(TARGET)).rejects.toThrow(ScrapeError)
    await expect(checks.run(TARGET)).rejects.toMatchObject({ reason: 'BUSY', message: expect.stringMatching(/again/) })
    for (const check of running) {
      const answer = await asked.next()
      answer(NOTHING)
      await check
    }
    expect(open).toEqual({ now: 0, most: 3 })
  })

  it('take ten seconds at most, whatever the settings say, with the secret in the header and no word of it after', async () => {
    const asked: unknown[] = []
    const checks = new ScrapeChecks(guard, clock, ({ url, authorization, timeoutMs }) => {
      asked.push([url.href, authorization, timeoutMs])
      return Promise.reject(new ScrapeFailedError('STATUS', 'The answer had the status 500.'))
    })
    await expect(checks.run(TARGET)).rejects.toMatchObject({
      reason: 'STATUS',
      message: 'The answer had the status 500.',
    })
    expect(asked).toEqual([['http://gpu7:8000/', 'Bearer x', 10_000]])
  })

  it('show an error of ours as what it is', async () => {
    const checks = new ScrapeChecks(guard, clock, () => Promise.reject(new TypeError('a bug')))
    await expect(checks.run(TARGET)).rejects.toThrow(TypeError)
  })
})
