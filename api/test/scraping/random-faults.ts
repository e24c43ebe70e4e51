import type { TestDeps } from '../create-test-deps.ts'
import { CountingServer, type Manner } from './counting-server.ts'
import { deployScraped, Scraping } from './scraping.ts'

const MANNERS: readonly Manner[] = [
  'answers',
  'answers',
  'answers',
  'answers',
  'fails',
  'breaks off',
  'is no model server',
]

/** A small generator of numbers from 0 to 1: mulberry32. */
function randomOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** One target and who scrapes it. */
class Faults {
  readonly #deps: TestDeps
  readonly #random: () => number
  readonly #server: CountingServer
  scraping: Scraping
  readonly told: string[] = []
  #answeredMs = 0
  /** What the target has counted in earlier lives, as far as anybody could know. */
  earlier = 0

  constructor(deps: TestDeps, server: CountingServer, random: () => number) {
    this.#deps = deps
    this.#random = random
    this.#server = server
    this.scraping = new Scraping(deps)
  }

  async second(): Promise<void> {
    const [server, random] = [this.#server, this.#random]
    server.serve(Math.floor(random() * 5))
    if (random() < 0.25) server.manner = MANNERS[Math.floor(random() * MANNERS.length)] ?? 'answers'
    // A gap of more than a minute would count nothing.
    if (server.manner === 'answers') this.#answeredMs = this.#deps.time.wallMs
    else if (this.#deps.time.wallMs - this.#answeredMs > 20_000) server.manner = 'answers'
    if (random() < 0.04) await this.#restartGaugeline()
    if (random() < 0.05) this.scraping.loseAnswer(random() < 0.5)
    if (random() < 0.05) await this.#restartTarget()
    await this.scraping.pass(1)
  }

  async #restartGaugeline(): Promise<void> {
    this.told.push(...this.scraping.transitions.map(({ status }) => status))
    await this.scraping[Symbol.asyncDispose]()
    this.#deps.time.pass(Math.floor(this.#random() * 20_000))
    this.scraping = new Scraping(this.#deps)
  }

  /** What was served since it was scraped last is lost with it: nobody could know. Its counts must be seen to fall. */
  async #restartTarget(): Promise<void> {
    const server = this.#server
    const seen = await this.storedCount()
    const isSeen = server.requests >= 500 && seen === server.told.at(-1)
    if (!isSeen || seen === undefined) return
    this.earlier += seen
    server.restart()
  }

  /** What the target said in the scrape that the next sample counts from. */
  async storedCount(): Promise<number | undefined> {
    const { rows } = await this.#deps.database.pool.query<{ series: Record<string, number[]> | null }>(
      `select baseline->'series' as series from source_states`,
    )
    return Object.values(rows[0]?.series ?? {})[0]?.[0]
  }
}

/**
 * Scrapes a target that counts while everything fails that may: answers, statements, servers.
 * @returns what the target has counted since it was seen first and until it was stored last, what the samples hold
 * together, and the changes of status
 */
export async function countThroughFaults(
  deps: TestDeps,
  { seed, seconds, intervalMs = 2000 }: { seed: number; seconds: number; intervalMs?: number },
): Promise<{ counted: number; stored: number; told: string[] }> {
  await using server = await CountingServer.start()
  server.requests = 1000
  const { key } = await deployScraped(deps, server.url, { intervalMs })
  const faults = new Faults(deps, server, randomOf(seed))
  // Until the first sample is stored.
  await faults.scraping.pass(intervalMs / 1000 + 2)
  const first = (await faults.storedCount()) ?? 0
  for (let second = 0; second < seconds; second += 1) await faults.second()
  server.manner = 'answers'
  await faults.scraping.pass(10)
  faults.told.push(...faults.scraping.transitions.map(({ status }) => status))
  await faults.scraping[Symbol.asyncDispose]()
  const samples = await deps.services.sampleStore.after(key, 0, 100_000)
  const stored = samples.reduce((sum, { requests }) => sum + (requests ?? 0), 0)
  const last = (await faults.storedCount()) ?? 0
  return { counted: faults.earlier + last - first, stored, told: faults.told }
}
