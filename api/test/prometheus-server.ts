import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

export const hasPrometheus = spawnSync('prometheus', ['--version']).error === undefined

/** A series in Prometheus's answer, and its value at one time. */
export interface PrometheusSeries {
  metric: Record<string, string>
  value: [number, string]
}

interface Answer<T> {
  status: string
  error?: string
  data: T
}

/** A real Prometheus that scrapes the metrics of deployments twice a second, with its data in a folder of its own. */
export class PrometheusServer implements AsyncDisposable {
  readonly #process: ChildProcess
  readonly #folder: string
  readonly origin: string

  private constructor(process: ChildProcess, folder: string, origin: string) {
    this.#process = process
    this.#folder = folder
    this.origin = origin
  }

  /** @param target the origin of the server to scrape */
  static async start(target: string, token: string): Promise<PrometheusServer> {
    const folder = await mkdtemp(join(tmpdir(), 'gaugeline-prometheus-'))
    const config = {
      global: { scrape_interval: '500ms', scrape_timeout: '500ms' },
      scrape_configs: [
        {
          job_name: 'gaugeline-deployments',
          metrics_path: '/metrics/deployments',
          authorization: { credentials: token },
          static_configs: [{ targets: [new URL(target).host] }],
        },
      ],
    }
    // JSON is YAML.
    await writeFile(join(folder, 'prometheus.yml'), JSON.stringify(config))
    const process = spawn(
      'prometheus',
      [
        `--config.file=${join(folder, 'prometheus.yml')}`,
        `--storage.tsdb.path=${join(folder, 'data')}`,
        '--web.listen-address=127.0.0.1:0',
      ],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    )
    const lines: string[] = []
    for await (const line of createInterface({ input: process.stderr })) {
      lines.push(line)
      const [, address] = /msg="Listening on" address="?(127\.0\.0\.1:\d+)/.exec(line) ?? []
      if (address === undefined) continue
      // Its pipe must be read on, or it would stop at a full one.
      process.stderr.resume()
      return new PrometheusServer(process, folder, `http://${address}`)
    }
    await rm(folder, { recursive: true, force: true })
    throw new Error(`Prometheus has not started:\n${lines.join('\n')}`)
  }

  /** What an expression is at one time, in seconds since the epoch; now by default. */
  async query(expression: string, time?: number): Promise<PrometheusSeries[]> {
    const at = time === undefined ? undefined : { time: String(time) }
    return (await this.#get<{ result: PrometheusSeries[] }>('query', { query: expression, ...at })).result
  }

  /** The values of a label of the series that match. */
  labelValues(label: string, match: string): Promise<string[]> {
    return this.#get<string[]>(`label/${label}/values`, { 'match[]': match })
  }

  async #get<T>(path: string, parameters: Record<string, string>): Promise<T> {
    const answer = await fetch(`${this.origin}/api/v1/${path}?${new URLSearchParams(parameters).toString()}`)
    const { status, error, data } = (await answer.json()) as Answer<T>
    if (status !== 'success') throw new Error(`${parameters['query'] ?? path}: ${error}`)
    return data
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode === null) {
      this.#process.kill('SIGKILL')
      await once(this.#process, 'exit')
    }
    await rm(this.#folder, { recursive: true, force: true })
  }
}
