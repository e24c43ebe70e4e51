import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { type Database, openDatabase } from '@gaugeline/prisma'

const MAIN = fileURLToPath(new URL('../../api/dist/main.js', import.meta.url))
/** The flag of the tests' own process (see vitest.config.ts): long runs, which measure, have none. */
const V8_FLAGS = process.execArgv.filter((flag) => flag === '--liftoff-only')
/** The first start creates and fills the database. */
const READY_WITHIN_MS = 110_000

export const ADMIN_TOKEN = 'e2e-token-that-is-long-enough-for-the-server'

/** The built server, started as a person would, on a separate data folder. */
export interface RunningServer {
  readonly origin: string
  /** The link that the current process printed; valid for one sign-in. */
  readonly signInUrl: string
  /** Ends the process; by default as `kill -9` does. */
  kill(signal?: NodeJS.Signals): Promise<void>
  /** Starts the server again, on the same port and data. */
  start(): Promise<void>
  /**
   * Sends SIGTERM and removes the data.
   *
   * @throws Error unless the process exits with 0.
   */
  stop(): Promise<void>
}

export interface ServerOptions {
  /** Fills the empty database before the server opens it. By default, the server fills it with demo data. */
  fill?: (database: Database) => Promise<void>
  /** What the server fills the empty database with. Default: demo data. */
  seed?: 'demo' | 'history'
  /** Length of a window, in ms. */
  sampleIntervalMs?: number
  /** Where people reach the server, if it is behind a proxy. */
  publicUrl?: string
  /** The port to listen on. Default: a free one. */
  port?: number
}

/** Starts the server and waits until it has printed its sign-in link. */
export async function startServer(options: ServerOptions = {}): Promise<RunningServer> {
  const { fill, seed = 'demo', sampleIntervalMs = 1000, publicUrl = '' } = options
  const dataDir = await mkdtemp(join(tmpdir(), 'gaugeline-e2e-'))
  if (fill) {
    const database = await openDatabase({ dataDir })
    try {
      await fill(database)
    } finally {
      await database.close()
    }
  }
  const port = options.port ?? (await freePort())
  let running: { child: ChildProcess; signInUrl: string }

  const start = async () => {
    const child = spawn(process.execPath, [...V8_FLAGS, MAIN], {
      env: {
        ...process.env,
        HOST: '127.0.0.1',
        PORT: String(port),
        PUBLIC_URL: publicUrl,
        DATA_DIR: dataDir,
        SEED: fill ? 'none' : seed,
        SAMPLE_INTERVAL_MS: String(sampleIntervalMs),
        ADMIN_TOKEN,
        LOG_LEVEL: 'warn',
        // Where the test's webhook receiver listens.
        WEBHOOK_ALLOWED_HOSTS: '127.0.0.1',
        // Where the test's model server listens.
        SCRAPE_ALLOWED_HOSTS: '127.0.0.1',
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    running = { child, signInUrl: await printedLink(child) }
  }
  await start()

  return {
    origin: `http://127.0.0.1:${port}`,
    get signInUrl() {
      return running.signInUrl
    },
    start,
    async kill(signal = 'SIGKILL') {
      const ended = once(running.child, 'exit')
      running.child.kill(signal)
      await ended
    },
    async stop() {
      const { child } = running
      const ended = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : [child.exitCode]
      child.kill('SIGTERM')
      const [code] = await ended
      await rm(dataDir, { recursive: true, force: true })
      if (code !== 0) throw new Error(`The server ended with ${String(code)} after SIGTERM`)
    },
  }
}

/**
 * Waits for `Open http://…/sign-in#…`.
 *
 * @throws Error with the output if the process exits before that, or takes too long.
 */
function printedLink(child: ChildProcess): Promise<string> {
  if (!child.stdout || !child.stderr) throw new Error('The server has no output')
  const { stdout, stderr } = child
  return new Promise((resolve, reject) => {
    const printed: string[] = []
    const timer = setTimeout(() => {
      child.kill('SIGKILL')
      reject(new Error(`The server was not ready in time:\n${printed.join('\n')}`))
    }, READY_WITHIN_MS)
    const lines = createInterface({ input: stdout })
    lines.on('line', (line) => {
      printed.push(line)
      const link = /^Open (http\S+\/sign-in#\S+)$/.exec(line)?.[1]
      if (!link) return
      clearTimeout(timer)
      resolve(link)
    })
    createInterface({ input: stderr }).on('line', (line) => printed.push(line))
    child.once('exit', (code) => {
      clearTimeout(timer)
      reject(new Error(`The server ended with ${String(code)} before it was ready:\n${printed.join('\n')}`))
    })
  })
}

/** Of vitest's two processes, each takes every other pair of ports: both could find the same one free. */
const SHARE = Number(process.env['VITEST_POOL_ID'] ?? 0) % 2

export async function freePort(): Promise<number> {
  for (;;) {
    const port = await probedPort()
    // Not by the last bit: Linux gives odd ports to those who listen.
    if ((port >> 1) % 2 === SHARE) return port
  }
}

async function probedPort(): Promise<number> {
  const probe = createServer()
  probe.listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  if (address === null || typeof address === 'string') throw new Error('No port')
  probe.close()
  await once(probe, 'close')
  return address.port
}
