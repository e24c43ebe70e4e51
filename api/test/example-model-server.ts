import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const program = fileURLToPath(new URL('../../examples/model-server/main.mjs', import.meta.url))

export type SeriesName = 'latency' | 'timeToFirstToken' | 'interTokenLatency' | 'queueTime'

/** What the server knows of itself: its counters, every single latency, and where its scrapes fell between them. */
export interface KnownLatencies {
  finished: Record<'stop' | 'length' | 'abort' | 'error', number>
  promptTokens: number
  generatedTokens: number
  /** Milliseconds, in the order in which they were measured; `dropped` came before and are kept no more. */
  series: Record<SeriesName, { dropped: number; ms: number[] }>
  scrapes: { atMs: number; counts: Record<SeriesName, number> }[]
}

interface Ended {
  code: number | null
  stdout: string
  stderr: string
}

/** Runs the program to its end. */
export async function runModelServer(...args: string[]): Promise<Ended> {
  const child = spawn(process.execPath, [program, ...args], { env: {}, stdio: ['ignore', 'pipe', 'pipe'] })
  const ended: Ended = { code: null, stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => (ended.stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (ended.stderr += text))
  const [code] = (await once(child, 'close')) as [number | null]
  return { ...ended, code }
}

/** The example server of `examples/model-server`, as a process of its own. */
export class ExampleModelServer implements AsyncDisposable {
  readonly #child: ChildProcess
  readonly url: string

  private constructor(child: ChildProcess, url: string) {
    this.#child = child
    this.url = url
  }

  /** @param options without their dashes; the port is a free one unless it is named */
  static async start(options: Record<string, string | number> = {}): Promise<ExampleModelServer> {
    return (await ExampleModelServer.#started(options, [], {})).server
  }

  /** With `--connect`, to the Gaugeline at an origin; also gives what it says of that. */
  static async connect(
    origin: string,
    token: string,
    options: Record<string, string | number> = {},
  ): Promise<{ server: ExampleModelServer; said: string }> {
    const { server, lines } = await ExampleModelServer.#started(options, ['--connect'], {
      GAUGELINE_URL: origin,
      GAUGELINE_TOKEN: token,
    })
    const { value: said } = (await lines.next()) as { value: string | undefined }
    return { server, said: String(said) }
  }

  static async #started(
    options: Record<string, string | number>,
    flags: string[],
    env: Record<string, string>,
  ): Promise<{ server: ExampleModelServer; lines: AsyncIterator<string> }> {
    const args = Object.entries({ port: 0, ...options }).map(([name, value]) => `--${name}=${value}`)
    const child = spawn(process.execPath, [program, ...args, ...flags], { env, stdio: ['ignore', 'pipe', 'inherit'] })
    // It prints a few lines only, which the pipe holds whether or not somebody reads them.
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
    const { value: first } = (await lines.next()) as { value: string | undefined }
    const [, url] = /is at (\S+),/.exec(first ?? '') ?? []
    if (url === undefined) throw new Error(`The example server has not started: ${first}`)
    return { server: new ExampleModelServer(child, url), lines }
  }

  get metricsUrl(): string {
    return `${this.url}/metrics`
  }

  get port(): number {
    return Number(new URL(this.url).port)
  }

  async exposition(headers: Record<string, string> = {}): Promise<string> {
    return (await fetch(this.metricsUrl, { headers })).text()
  }

  async known(): Promise<KnownLatencies> {
    return (await fetch(`${this.url}/debug/latencies`)).json() as Promise<KnownLatencies>
  }

  chat(body: unknown, signal?: AbortSignal): Promise<Response> {
    return fetch(`${this.url}/v1/chat/completions`, {
      method: 'POST',
      body: JSON.stringify(body),
      ...(signal && { signal }),
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const ended = once(this.#child, 'exit')
    this.#child.kill()
    await ended
  }
}
