import { testDatabaseKinds } from '@gaugeline/prisma/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mutate, registerJob } from './acts.ts'
import { createTestApp, type TestApp } from './create-test-app.ts'

const URL = 'http://vllm-0.internal:8000/metrics'

// What is checked here asks no database: one kind is enough.
const [kind = 'embedded'] = await testDatabaseKinds()

describe('the settings of a source', () => {
  let app: TestApp
  let trainingJobId: string
  beforeAll(async () => {
    app = await createTestApp(kind, { sampleIntervalMs: 60_000, scrapeAllowedHosts: ['10.1.0.0/16', 'gpu7'] })
    trainingJobId = await registerJob(app.client)
  })
  afterAll(() => app[Symbol.asyncDispose]())

  const issuesOf = async (source: object) => {
    const { __typename, issues } = await mutate(app.client, 'deployTrainingJob', { trainingJobId, source })
    expect(__typename).toBe('InvalidInputError')
    return Object.fromEntries((issues ?? []).map(({ path, message }) => [path.join('.'), message]))
  }

  it('are refused with everything that is wrong with them, each by its path and in one sentence', async () => {
    const scrape = {
      url: 'ftp://10.1.2.3/x',
      intervalSeconds: 7,
      timeoutSeconds: 8,
      labels: [
        { name: 'le', value: 'x' },
        { name: 'a', value: '' },
        { name: 'a', value: 'y' },
        { name: 'with space', value: 'y' },
      ],
      authorization: { bearer: 'two\r\nlines' },
      mapping: {
        families: [
          { figure: 'LATENCY', family: 'x_bucket', unit: 'COUNT' },
          { figure: 'LATENCY', family: 'y', unit: 'SECONDS' },
        ],
      },
    }
    const at = 'source.scrape'
    expect(await issuesOf({ scrape })).toEqual({
      [`${at}.url`]: 'must begin with https:// or http://.',
      [`${at}.intervalSeconds`]:
        'must be whole seconds from 1 to 60 that divide a minute, such as 1, 5, 10 or 30, not 7.',
      [`${at}.timeoutSeconds`]: 'must be from 0.1 to the interval, which is 7, not 8.',
      [`${at}.labels.0.name`]: 'must not be le, which is a part of each metric.',
      [`${at}.labels.1.value`]: 'must not be empty.',
      [`${at}.labels.2.name`]: 'must be different from the other names, not "a" again.',
      [`${at}.labels.3.name`]: 'must have 1 to 200 visible characters without spaces, quotes, braces and backslashes.',
      [`${at}.authorization.bearer`]:
        'must have 1 to 4000 visible ASCII characters without spaces; the word Bearer is added.',
      [`${at}.mapping.families.0.family`]: 'must be the name of the histogram, "x".',
      [`${at}.mapping.families.0.unit`]: 'must be SECONDS or MILLISECONDS or MICROSECONDS for this figure, not COUNT.',
      [`${at}.mapping.families.1.figure`]: 'must be different from the figures of other families.',
    })
    const user = { basic: { user: 'with:colon', password: 'line\nbreak' } }
    const control = 'must have at most 1000 characters, none of them a line break or another control character'
    expect(await issuesOf({ scrape: { url: URL, authorization: user } })).toEqual({
      [`${at}.authorization.basic.user`]: `${control}, and no colon.`,
      [`${at}.authorization.basic.password`]: `${control}.`,
    })
    expect(await issuesOf({ scrape: { url: URL, mapping: { families: [] } } })).toEqual({
      [`${at}.mapping.families`]: 'must have 1 to 11 families, at most one for each figure, not 0.',
    })
    expect(await issuesOf({ report: { intervalSeconds: 0 } })).toHaveProperty('source.report.intervalSeconds')
    expect(await issuesOf({ simulated: { intervalSeconds: 61 } })).toHaveProperty('source.simulated.intervalSeconds')
  })

  it.each([
    ['nothing', '', 'must be a URL like http://vllm-0.internal:8000/metrics.'],
    ['no scheme', 'vllm-0.internal:8000', 'must begin with https:// or http://.'],
    ['2,007 characters', `http://${'x'.repeat(2000)}`, 'must have at most 2000 characters, not 2007.'],
    [
      'a password',
      'http://user:pass@gpu7/metrics',
      'must not contain a user or password: give them as the authorization, which nobody is shown.',
    ],
    ['a fragment', 'http://gpu7/metrics#top', 'must not contain a fragment: it would not be sent.'],
  ])('have no URL with %s', async (_what, url, message) => {
    expect(await issuesOf({ scrape: { url } })).toEqual({ 'source.scrape.url': message })
  })

  it.each(['http://127.0.0.1:8000/metrics', 'http://localhost/metrics', 'http://[::1]:1/', 'http://169.254.169.254/'])(
    'do not lead to %s, which the operator has not allowed',
    async (url) => {
      const { 'source.scrape.url': message } = await issuesOf({ scrape: { url } })
      expect(message).toMatch(
        /^must lead to a public address; to allow (\S+), start Gaugeline with SCRAPE_ALLOWED_HOSTS=\1\.$/,
      )
    },
  )
})
