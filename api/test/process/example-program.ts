import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const folder = fileURLToPath(new URL('../../../docs/examples/', import.meta.url))

export interface Example {
  language: string
  command: string
  args: string[]
  /** Why it cannot be run on this machine. */
  missing: string | null
}

/** The programs of `docs/examples`: those that follow one deployment, and the one that makes it. */
export function allExamples(): Example[] {
  const deploying = example(
    'Node, deploying',
    process.execPath,
    ['deploy-and-watch.mjs'],
    [process.execPath, '--version'],
  )
  return [...watchExamples(), deploying]
}

export function watchExamples(): Example[] {
  return [
    example('curl', 'sh', ['watch.sh'], ['curl', '--version']),
    example('Node', process.execPath, ['watch.mjs'], [process.execPath, '--version']),
    example('Python', 'python3', ['watch.py'], ['python3', '--version']),
    example('Go', 'go', ['run', 'watch.go'], ['go', 'version']),
  ]
}

function example(language: string, command: string, args: string[], [probe = '', ...asked]: string[]): Example {
  const found = spawnSync(probe, asked).status === 0
  return { language, command, args, missing: found ? null : `${probe} is not on this machine` }
}

/** One of them, running. */
export class ExampleProgram implements AsyncDisposable {
  /** Lines of its output. */
  readonly printed: string[] = []
  stderr = ''
  readonly exited: Promise<number | null>
  readonly #child: ChildProcess
  readonly #temporary = mkdtempSync(join(tmpdir(), 'gaugeline-example-'))
  readonly #waiting = new Set<() => void>()
  #hasExited = false

  constructor({ command, args }: Example, origin: string, token: string, more: string[] = []) {
    const { PATH = '', HOME = '' } = process.env
    this.#child = spawn(command, [...args, ...more], {
      cwd: folder,
      // Of its own, so that what `go run` or a shell starts ends with it.
      detached: true,
      env: { PATH, HOME, TMPDIR: this.#temporary, GAUGELINE_URL: origin, GAUGELINE_TOKEN: token },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let rest = ''
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n')
      rest = lines.pop() ?? ''
      this.printed.push(...lines)
      this.#wake()
    })
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text
      this.#wake()
    })
    this.exited = new Promise((resolve, reject) => {
      this.#child.once('error', reject)
      this.#child.once('close', (code) => {
        this.#hasExited = true
        this.#wake()
        resolve(code)
      })
    })
  }

  /** Resolves when it has printed that many lines more; rejects when it ends before. */
  async prints(count: number): Promise<void> {
    const target = this.printed.length + count
    while (this.printed.length < target) {
      if (this.#hasExited) throw new Error(`It ended after ${this.printed.length} lines: ${this.stderr}`)
      await new Promise<void>((resolve) => this.#waiting.add(resolve))
    }
  }

  /** Resolves when its stderr holds such a text; rejects when it ends before. */
  async says(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.stderr)) {
      if (this.#hasExited) throw new Error(`It ended without saying ${pattern}: ${this.stderr}`)
      await new Promise<void>((resolve) => this.#waiting.add(resolve))
    }
  }

  /** Closes its output, as `| head` does once it has enough. */
  closeOutput(): void {
    this.#child.stdout?.destroy()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#hasExited && this.#child.pid !== undefined) {
      process.kill(-this.#child.pid, 'SIGKILL')
      await this.exited
    }
    rmSync(this.#temporary, { recursive: true, force: true })
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve()
    this.#waiting.clear()
  }
}
