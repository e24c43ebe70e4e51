import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const PROBE = new URL('probe.mjs', import.meta.url).href

/** What a server has used since it started. */
export interface Figures {
  /** Of all its threads. */
  cpuMs: number
  /** Bytes. */
  rss: number
  /** Bytes that V8 uses, and what hangs on them outside. */
  heap: number
}

/** A statement as the driver was given it. */
export interface Statement {
  /** Of one that the session keeps prepared. */
  name?: string
  text: string
  values?: unknown[]
  rowMode?: 'array'
}

/** What a server has asked its database. */
export interface Watched {
  statements: number
  /** Of each statement that stores samples: from the end of their window until it was answered. */
  stored: { latenessMs: number; samples: number }[]
}

/** A server under measurement: a process of its own, which answers what it has used. */
export class ServerProcess implements AsyncDisposable {
  /** How it ended, once it has; a server that ends by itself has failed. */
  ended: string | undefined
  readonly exited: Promise<void>
  readonly #child: ChildProcess
  readonly #temporary = mkdtempSync(join(tmpdir(), 'gaugeline-bench-'))
  #output = ''
  #origin: string | undefined
  #onChange = () => {}
  /** Those who have asked, in their order: the answers come in the same. */
  readonly #waiting: ((answer: unknown) => void)[] = []

  private constructor(script: URL, args: string[], env: Record<string, string>, node: string) {
    const { PATH = '' } = process.env
    this.#child = spawn(node, ['--expose-gc', '--import', PROBE, fileURLToPath(script), ...args], {
      env: { PATH, TMPDIR: this.#temporary, ...env },
      cwd: this.#temporary,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    })
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => this.#printed(text))
    }
    this.#child.on('message', (message: { answer?: unknown }) => this.#waiting.shift()?.(message.answer))
    this.exited = new Promise((resolve) => {
      this.#child.once('close', (code, signal) => {
        this.ended = `it ended by itself with ${signal ?? code}: ${lastWords(this.#output)}`
        this.#onChange()
        for (const resolve of this.#waiting.splice(0)) resolve(undefined)
        resolve()
      })
    })
  }

  /** Starts it on this Node or another one, and waits until it says that it is ready. */
  static async start(
    script: URL,
    args: string[],
    env: Record<string, string> = {},
    node = process.execPath,
  ): Promise<ServerProcess> {
    const server = new ServerProcess(script, args, env, node)
    await new Promise<void>((resolve) => {
      server.#onChange = resolve
      server.#printed('')
    })
    if (server.#origin === undefined) {
      await server[Symbol.asyncDispose]()
      throw new Error(`${fileURLToPath(script)} did not become ready, ${server.ended}`)
    }
    return server
  }

  get origin(): string {
    return this.#origin ?? ''
  }

  async figures(): Promise<Figures> {
    return await this.#ask('figures')
  }

  /** After a garbage collection. */
  async memory(): Promise<Figures> {
    return await this.#ask('memory')
  }

  /** Keeps the statements that requests cause, until `recorded` is asked. */
  async record(): Promise<void> {
    await this.#ask('record')
  }

  async recorded(): Promise<Statement[]> {
    return await this.#ask('recorded')
  }

  /** Counts all statements, until `watched` is asked. */
  async watch(): Promise<void> {
    await this.#ask('watch')
  }

  async watched(): Promise<Watched> {
    return await this.#ask('watched')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.exited
    rmSync(this.#temporary, { recursive: true, force: true })
  }

  async #ask<Answer>(ask: string): Promise<Answer> {
    const answer = await new Promise<unknown>((resolve) => {
      if (this.ended !== undefined) return resolve(undefined)
      this.#waiting.push(resolve)
      this.#child.send({ ask }, (error) => error && resolve(undefined))
    })
    if (answer === undefined) throw new Error(`The server does not answer; ${this.ended ?? 'it is there'}.`)
    return answer as Answer
  }

  #printed(text: string): void {
    this.#output = (this.#output + text).slice(-10_000)
    this.#origin ??= /ready at (http\S+)/.exec(this.#output)?.[1]
    if (this.#origin !== undefined) this.#onChange()
  }
}

/** The message of an error without its location: a report must not contain paths of this machine. */
function lastWords(output: string): string {
  const lines = output.trim().split('\n')
  return (lines.findLast((line) => /^\w*Error\b/.test(line)) ?? lines.at(-1) ?? '').trim().slice(0, 200)
}
