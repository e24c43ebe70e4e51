import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect } from 'vitest'
import { Distribution } from '../src/metrics/distribution.ts'
import type { Measurement } from '../src/metrics/sample.ts'
import { AddressGuard } from '../src/outbound/address-guard.ts'
import { allowedHosts } from '../src/outbound/public-addresses.ts'
import { deltaOf } from '../src/recording/sources/deltas.ts'
import { scrape } from '../src/recording/sources/scraping/scrape.ts'
import { type ExposedSnapshot, snapshotOf, wantedFamilies } from '../src/recording/sources/snapshot.ts'

export const AT_MS = Date.parse('2026-08-07T15:30:00Z')

/** A server that exposes what it is told, for the tests of a file. Call it at the top of the file. */
export function createExpositionServer() {
  /** What the server answers with. */
  let answer = ''
  const server = createServer((_request, response) => {
    response.setHeader('content-type', 'text/plain; version=0.0.4; charset=utf-8').end(answer)
  })
  const guard = new AddressGuard(allowedHosts(['127.0.0.1']))

  beforeAll(async () => {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
  })

  afterAll(() => {
    server.close()
  })

  /** Scrapes a server that exposes this. */
  async function snapshot(
    text: string,
    atMs: number,
    labels: Readonly<Record<string, string>> = {},
  ): Promise<ExposedSnapshot> {
    answer = text
    const { port } = server.address() as AddressInfo
    const url = new URL(`http://127.0.0.1:${port}/metrics`)
    const target = { url, authorization: null, timeoutMs: 5000, wanted: wantedFamilies(null) }
    const { families, series } = await scrape(target, guard, AbortSignal.timeout(10_000))
    expect(series).toBe(text.split('\n').filter((line) => line !== '' && !line.startsWith('#')).length)
    return snapshotOf(families, { mapping: null, labels, atMs })
  }

  /** What is measured between two expositions that are five seconds apart. */
  async function between(
    before: string,
    after: string,
    labels: Readonly<Record<string, string>> = {},
  ): Promise<Measurement> {
    const first = deltaOf(null, await snapshot(before, AT_MS, labels))
    expect(first.measurement.requests).toBeNull()
    const stored: typeof first.baseline = JSON.parse(JSON.stringify(first.baseline))
    return deltaOf(stored, await snapshot(after, AT_MS + 5000, labels)).measurement
  }

  return { snapshot, between }
}

/** Every figure that is known, but the distributions. */
export function numbers(measured: Measurement): Record<string, unknown> {
  const known = Object.entries(measured).filter(([, value]) => value !== null && !(value instanceof Distribution))
  return Object.fromEntries(known.map(([name, value]) => [name, typeof value === 'number' ? rounded(value) : value]))
}

/** To a nanosecond: sums of binary fractions have dust. */
const rounded = (value: number) => Math.round(value * 1e6) / 1e6
