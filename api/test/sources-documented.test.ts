import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { MAX_REPORT_BYTES, MAX_REPORTED_REQUESTS } from '../src/base/limits.ts'
import { MAX_REASONS } from '../src/metrics/reasons.ts'
import { MODEL_SERVERS } from '../src/recording/sources/model-servers/all.ts'
import { MAX_DATA_POINTS } from '../src/recording/sources/reporting/otlp.ts'
import { DOWN_AFTER_SILENCE_MS } from '../src/recording/sources/reporting/report-health.ts'
import {
  MAX_EXPOSITION_FAMILIES,
  MAX_EXPOSITION_SAMPLES,
  MAX_SAMPLE_LABELS,
} from '../src/recording/sources/scraping/exposition.ts'
import { MAX_SCRAPE_BYTES } from '../src/recording/sources/scraping/scrape-body.ts'
import { DOWN_AFTER_MS, MISSES_TO_DEGRADED, MISSES_TO_DOWN } from '../src/recording/sources/source-health.ts'
import { REPORT_INTERVAL_MS, SCRAPE_INTERVAL_MS } from '../src/recording/sources/source-settings.ts'
import { REPORT_KEYS_KEPT_MS } from '../src/samples/report-inbox.ts'
import { MAX_TIMEOUT_MS } from '../src/sources/source-settings.ts'
import { MAX_REPORT_AGE_MS, MAX_REPORT_AHEAD_MS, REPORT_GRACE_MS } from '../src/samples/report-times.ts'

const page = readFileSync(new URL('../../docs/sources.md', import.meta.url), 'utf8').replaceAll(/\s+/g, ' ')
const MEBIBYTE = 2 ** 20
const inWords = (value: number) =>
  ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten'][value]
const shown = (value: number) => value.toLocaleString('en-US')

describe('docs/sources.md', () => {
  it('has a section on every server that is recognized', () => {
    const untold = MODEL_SERVERS.filter(({ title }) => !new RegExp(`### ${title}( names)? `).test(page))
    expect(untold.map(({ title }) => title)).toEqual([])
  })

  it.each([
    ['the interval of a scrape', `divides a minute: ${SCRAPE_INTERVAL_MS / 1000} unless`],
    ['the interval of reports', `should be that of the deployment, ${REPORT_INTERVAL_MS / 1000} s`],
    ['misses until a source is degraded', `${inWords(MISSES_TO_DEGRADED)} scrapes in a row failed | –`],
    ['misses until a source is down', `${inWords(MISSES_TO_DOWN)} scrapes in a row failed, or`],
    ['the time until a source is down', `none succeeded for ${DOWN_AFTER_MS / 1000} s`],
    ['silence of reporters', `no report came for ${inWords(DOWN_AFTER_SILENCE_MS / 60_000)} minutes`],
    ['the grace for reports', `closed ${inWords(REPORT_GRACE_MS / 1000)} seconds after its end`],
    ['the requests of a report', `requests in a call of \`reportInferences\` | ${shown(MAX_REPORTED_REQUESTS)} |`],
    ['the timeout of a scrape', `at most the interval, and ${MAX_TIMEOUT_MS / 1000}.`],
    ['the age of a report', `at most ${MAX_REPORT_AGE_MS / 1000} s old`],
    ['reports from the future', `more than ${MAX_REPORT_AHEAD_MS / 1000} s in the future`],
    ['how long repetitions are known', `again within ${inWords(REPORT_KEYS_KEPT_MS / 60_000)} minutes`],
    ['the size of a scrape', `unpacked | ${MAX_SCRAPE_BYTES / MEBIBYTE} MiB`],
    [
      'the samples of a scrape',
      `${shown(MAX_EXPOSITION_SAMPLES)} of ${shown(MAX_EXPOSITION_FAMILIES)} metrics, with ${MAX_SAMPLE_LABELS} labels`,
    ],
    ['the size of a report', `${MAX_REPORT_BYTES / MEBIBYTE} MiB, with ${shown(MAX_DATA_POINTS)} data points`],
    ['reasons that are told apart', `reasons of errors in a sample | ${MAX_REASONS} |`],
  ])('says %s', (_what, words) => {
    expect(page.toLowerCase()).toContain(words.toLowerCase())
  })
})
