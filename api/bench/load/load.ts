import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import type { Commands } from './generator.ts'

/** Above what the load itself waits for. */
const TIMEOUT_MS = 300_000

interface Answer {
  result?: unknown
  error?: string
}

/** A process that makes load, and one question to it at a time. */
export class LoadProcess implements AsyncDisposable {
  readonly #child: ChildProcess = fork(new URL('generator.ts', import.meta.url))

  /** Opens more sockets until there are so many with a sample each. */
  async open(sockets: number): Promise<void> {
    await this.ask('begin')
    await this.ask('open', { sockets })
    const { faults } = await this.ask('end')
    if (faults.length > 0) throw new Error(`with ${sockets} sockets: ${faults.join(', ')}`)
  }

  async ask<Name extends keyof Commands>(
    command: Name,
    argument?: Parameters<Commands[Name]>[0],
  ): Promise<Awaited<ReturnType<Commands[Name]>>> {
    this.#child.send({ command, argument })
    const [answer] = (await once(this.#child, 'message', { signal: AbortSignal.timeout(TIMEOUT_MS) }).catch(
      (cause: unknown) => {
        throw new Error(`The load could not "${command}" within ${TIMEOUT_MS / 1000} s.`, { cause })
      },
    )) as [Answer]
    if (answer.error !== undefined) throw new Error(answer.error)
    return answer.result as Awaited<ReturnType<Commands[Name]>>
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null) return
    const ended = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await ended
  }
}
