import { type ChildProcess, spawn } from 'node:child_process'
import { chownSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { TestDatabaseLocation } from '@gaugeline/prisma/testing'

const BUILT_SERVER = fileURLToPath(new URL('../../dist/main.js', import.meta.url))

export const ADMIN_TOKEN = 'process-test-token-of-32-characters'

/** The flag of the tests' own process (see vitest.config.ts): long runs, which measure, have none. */
const V8_FLAGS = process.execArgv.filter((flag) => flag === '--liftoff-only')

export interface Exit {
  code: number | null
  signal: NodeJS.Signals | null
}

export interface StartOptions {
  /** Run by another user, where this one may do that. */
  uid?: number | undefined
}

/** The built server as a child process, on a free port, knowing no settings but those it is given. */
export class ServerProcess implements AsyncDisposable {
  /** Everything that it has written so far. */
  stdout = ''
  stderr = ''
  /** Resolves after its last output. */
  readonly exited: Promise<Exit>
  readonly #child: ChildProcess
  /** Where it leaves temporary files: `kill -9` gives it no time to remove them. */
  readonly #temporary = mkdtempSync(join(tmpdir(), 'gaugeline-server-'))
  readonly #waiting = new Set<() => void>()
  #hasExited = false

  private constructor(settings: Record<string, string>, { uid }: StartOptions) {
    if (!existsSync(BUILT_SERVER)) throw new Error('These tests run the built server: run `npm run build` first.')
    const { PATH = '' } = process.env
    if (uid !== undefined) chownSync(this.#temporary, uid, uid)
    this.#child = spawn(process.execPath, [...V8_FLAGS, BUILT_SERVER], {
      env: { PATH, TMPDIR: this.#temporary, PORT: '0', ADMIN_TOKEN, ...settings },
      cwd: this.#temporary,
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(uid === undefined ? {} : { uid, gid: uid }),
    })
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text
      this.#wake()
    })
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text
    })
    this.exited = new Promise((resolve, reject) => {
      this.#child.once('error', reject)
      this.#child.once('close', (code, signal) => {
        this.#hasExited = true
        resolve({ code, signal })
        this.#wake()
      })
    })
  }

  static start(settings: Record<string, string>, options: StartOptions = {}): ServerProcess {
    return new ServerProcess(settings, options)
  }

  /** Starts it, waits until it is ready and returns its origin too. */
  static async serving(settings: Record<string, string>): Promise<{ server: ServerProcess; origin: string }> {
    const server = ServerProcess.start(settings)
    try {
      return { server, origin: await server.ready() }
    } catch (error) {
      await server[Symbol.asyncDispose]()
      throw error
    }
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error('The server could not be spawned.')
    return this.#child.pid
  }

  /** The origin that it prints once it can serve. */
  async ready(): Promise<string> {
    const [, origin] = await this.printed(/Gaugeline is ready at (\S+)\n/)
    if (origin === undefined) throw new Error('The line of readiness names no origin.')
    return origin
  }

  /** Resolves when something was printed, before or from now on. Rejects when it ends without. */
  async printed(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this.stdout)
      if (match !== null) return match
      if (this.#hasExited) {
        throw new Error(`The server ended without printing ${pattern}:\n${this.stdout}\n${this.stderr}`)
      }
      await new Promise<void>((resolve) => this.#waiting.add(resolve))
    }
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** Nobody reads what it writes to stdout from now on. */
  closeStdout(): void {
    this.#child.stdout?.destroy()
  }

  async kill(): Promise<void> {
    this.signal('SIGKILL')
    await this.exited
  }

  /** Asks it to end; returns how it exited and after how long. */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<Exit & { ms: number }> {
    const from = performance.now()
    this.signal(signal)
    return { ...(await this.exited), ms: performance.now() - from }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#hasExited) await this.kill()
    rmSync(this.#temporary, { recursive: true, force: true })
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve()
    this.#waiting.clear()
  }
}

/** The settings by which a server opens a test's database, which nothing else may have open. */
export function settingsOf({ url, dataDir }: Pick<TestDatabaseLocation, 'url' | 'dataDir'>): Record<string, string> {
  if (url !== undefined) return { DATABASE_URL: url, SEED: 'none' }
  if (dataDir === undefined) throw new Error('A test database has a url or a folder.')
  return { DATA_DIR: dataDir, SEED: 'none' }
}
