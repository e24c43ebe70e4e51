import { describe, expect, it } from 'vitest'
import {
  checkScrapeForm,
  EMPTY_SCRAPE,
  fieldOfFailure,
  formOf,
  scrapeFieldOf,
  type ScrapeForm,
  toCheckInput,
  toScrapeInput,
  unitFor,
} from './scrape-form.ts'

const good: ScrapeForm = { ...EMPTY_SCRAPE, url: ' http://gpu-7:8000/metrics ' }

describe('the form of a model server', () => {
  it('needs a URL, and what the chosen authorization consists of', () => {
    expect(checkScrapeForm(good)).toEqual({})
    expect(checkScrapeForm({ ...good, url: 'gpu-7:8000' }).url).toContain('http://')
    expect(Object.keys(checkScrapeForm({ ...good, url: '', authorization: 'bearer' }))).toEqual([
      'url',
      'authorization',
    ])
    expect(checkScrapeForm({ ...good, authorization: 'basic' }).authorization).toContain('user')
    expect(checkScrapeForm({ ...good, families: {} }).mapping).toContain('at least one')
  })

  it('is sent trimmed, with the chosen labels, and names the server that a check has recognized', () => {
    const url = 'http://gpu-7:8000/metrics'
    expect(toScrapeInput(good)).toEqual({ url, intervalSeconds: 5, authorization: null })
    expect(toScrapeInput({ ...good, labels: { model_name: 'a' } }, 'VLLM')).toEqual({
      url,
      intervalSeconds: 5,
      authorization: null,
      labels: [{ name: 'model_name', value: 'a' }],
      mapping: { server: 'VLLM' },
    })
  })

  it('sends families that were chosen by hand in place of a server', () => {
    const families = { LATENCY: { family: 'took', unit: 'MILLISECONDS' } } as const
    expect(toScrapeInput({ ...good, families }, 'VLLM').mapping).toEqual({
      families: [{ figure: 'LATENCY', family: 'took', unit: 'MILLISECONDS' }],
    })
  })

  it('keeps the stored secret by leaving it out, and removes it with null', () => {
    const scrape = { url: 'http://a/metrics', authorization: 'BEARER', server: null, labels: [], families: [] }
    const stored = formOf({ intervalSeconds: 10, scrape })
    expect(toCheckInput(stored, 'deployment 1')).toEqual({
      scrape: { url: 'http://a/metrics', intervalSeconds: 10 },
      deploymentId: 'deployment 1',
    })
    expect(toScrapeInput({ ...stored, authorization: 'none' }).authorization).toBeNull()
    expect(toScrapeInput({ ...stored, authorization: 'bearer', bearer: ' x ' }).authorization).toEqual({ bearer: 'x' })
  })

  it('finds the field of an issue and of a failed scrape', () => {
    expect(scrapeFieldOf(['input', 'source', 'scrape', 'url'])).toBe('url')
    expect(scrapeFieldOf(['input', 'trainingJobId'])).toBeUndefined()
    expect([fieldOfFailure('UNAUTHORIZED'), fieldOfFailure('TIMED_OUT')]).toEqual(['authorization', 'url'])
  })

  it('begins with the unit that a family names, where the figure can come in it', () => {
    expect(unitFor('LATENCY', { name: 'http_request_latency_ms', unit: null })).toBe('MILLISECONDS')
    expect(unitFor('QUEUE_TIME', { name: 'queue_duration_us', unit: null })).toBe('MICROSECONDS')
    expect(unitFor('LATENCY', { name: 'took', unit: 'seconds' })).toBe('SECONDS')
    expect(unitFor('REQUESTS', { name: 'requests_ms', unit: null })).toBe('COUNT')
  })
})
