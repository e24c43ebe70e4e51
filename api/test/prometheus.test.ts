import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { deploy, pause } from './acts.ts'
import { ADMIN_TOKEN, createTestApp, type TestApp } from './create-test-app.ts'
import { hasPrometheus, type PrometheusSeries, PrometheusServer } from './prometheus-server.ts'

const skipped = hasPrometheus ? '' : ' (skipped: prometheus, a Debian package, is not on the PATH)'

interface Variable {
  name: string
  type: string
  definition?: string
  regex?: string
}
interface Dashboard {
  templating: { list: Variable[] }
  panels: { title: string; targets: { expr: string }[] }[]
}
const dashboard = JSON.parse(
  readFileSync(new URL('../../deploy/grafana/gaugeline.json', import.meta.url), 'utf8'),
) as Dashboard
const queries = dashboard.panels.flatMap(({ title, targets }) => targets.map(({ expr }) => [title, expr] as const))

/** As Grafana fills it in: all jobs, models and deployments, and rates over some scrapes. */
const filledIn = (expression: string) =>
  expression.replaceAll('$__rate_interval', '4s').replaceAll(/\$(job|model|deployment)\b/g, '.*')

describe('/metrics/deployments', () => {
  let app: TestApp
  let folder: string
  /** By id. */
  const models = new Map<string, string>()

  beforeAll(async () => {
    // Of a recording, every request has tokens.
    folder = await mkdtemp(join(tmpdir(), 'gaugeline-trace-'))
    await writeFile(join(folder, 'trace.csv'), trace())
    app = await createTestApp('embedded', { sampleIntervalMs: 100, trafficTrace: join(folder, 'trace.csv') })
    for (const model of ['acme/chat-7b', 'acme/rank']) models.set(await deploy(app.client, { modelName: model }), model)
  })
  afterAll(async () => {
    await app[Symbol.asyncDispose]()
    await rm(folder, { recursive: true })
  })

  const scrape = async () => {
    const headers = { authorization: `Bearer ${ADMIN_TOKEN}` }
    const answer = await fetch(`${app.origin}/metrics/deployments`, { headers })
    expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
    return await answer.text()
  }

  it('names each active deployment, its model and its version, in series with a type and a help text', async () => {
    await vi.waitFor(async () => expect(await scrape()).toMatch(/_requests_total\{.*\} [1-9]/), { timeout: 10_000 })
    const text = await scrape()
    const families = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = '', type = '']) => ({ name, type }))
    expect(families).toHaveLength(13)
    for (const { name, type } of families) {
      expect([name, text.includes(`# HELP ${name} `)]).toEqual([name, true])
      expect([name, name.endsWith('_total')]).toEqual([name, type === 'counter'])
    }
    const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
    for (const line of lines) expect(line).toMatch(/^[a-z_]+\{([a-z_]+="[^"\\]*",?)+\} [0-9.e+-]+$/)
    for (const [id, model] of models) {
      const own = lines.filter((line) => line.includes(`{model="${model}",version="v1.0.0",deployment="${id}"`))
      expect(own.length).toBeGreaterThanOrEqual(23)
      const buckets = own
        .filter((line) => line.includes('_duration_seconds_bucket'))
        .map((line) => Number(line.split(' ')[1]))
      expect(buckets).toEqual(buckets.toSorted((a, b) => a - b))
      expect(own.find((line) => line.includes('_duration_seconds_count'))).toMatch(new RegExp(` ${buckets.at(-1)}$`))
    }
  })

  it.skipIf(!hasPrometheus)(`is clean for promtool${skipped}`, async () => {
    const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: await scrape() })
    expect([status, `${stdout.toString()}${stderr.toString()}`]).toEqual([0, ''])
  })

  describe.skipIf(!hasPrometheus)(`as a Prometheus scrapes it${skipped}`, () => {
    let prometheus: PrometheusServer

    beforeAll(async () => {
      prometheus = await PrometheusServer.start(app.origin, ADMIN_TOKEN)
      await vi.waitFor(
        async () => {
          const [up] = await prometheus.query('sum_over_time(up[1m])')
          if (Number(up?.value[1] ?? 0) < 4) throw new Error('Prometheus has scraped fewer than four times.')
        },
        { timeout: 20_000, interval: 100 },
      )
    })
    afterAll(() => prometheus[Symbol.asyncDispose]())

    it('has the p99 of what the API says, as well as bounds a factor of two apart can tell', async () => {
      const [id = ''] = models.keys()
      const of = (name: string) => `gaugeline_deployment_request_duration_seconds_${name}{deployment="${id}"}`
      const [newest] = await prometheus.query(of('count'))
      const [time = 0, count = ''] = newest?.value ?? []
      const [theirs] = await prometheus.query(`histogram_quantile(0.99, ${of('bucket')})`, time)
      // The samples that Prometheus knew of then: those that the count is made of.
      const { sampleStore, prisma } = app.deps.services
      const { key } = await prisma.deployment.findFirstOrThrow({ where: { model: { name: models.get(id) ?? '' } } })
      const samples = await sampleStore.after(key, 0, 10_000)
      let requests = 0
      const last = samples.find((sample) => (requests += sample.requests ?? 0) >= Number(count))
      const iso = (ms = Number.NaN) => new Date(ms).toISOString()
      const { deployment } = await app.client.data<{
        deployment: { metricsHistory: { summary: { requests: number; latency: { p99Ms: number } } } }
      }>(
        `query ($id: ID!, $from: DateTime!, $to: DateTime) { deployment(id: $id) {
          metricsHistory(from: $from, to: $to, maxPoints: 1) { summary { requests latency { p99Ms } } } } }`,
        { id, from: iso(samples[0]?.windowStartMs), to: iso((last?.windowStartMs ?? Number.NaN) + 100) },
      )
      const { summary } = deployment.metricsHistory
      expect(summary.requests).toBe(Number(count))
      const { p99Ms } = summary.latency
      const upperMs = 2 ** Math.ceil(Math.log2(p99Ms))
      const theirsMs = Number(theirs?.value[1]) * 1000
      expect([theirsMs > upperMs / 2, theirsMs <= upperMs]).toEqual([true, true])
    })

    it.each(queries)('answers the query of the panel "%s": %s', async (_panel, expression) => {
      const result = await prometheus.query(filledIn(expression))
      // A recording has no failures, so no reasons of them.
      if (!expression.includes('errors_by_reason')) expect(result).not.toEqual([])
      for (const { value } of result) expect(Number(value[1])).toBeGreaterThanOrEqual(0)
    })

    it('fills in the variables of the dashboard with models and with deployments under their versions', async () => {
      const variable = (name: string) => dashboard.templating.list.find((one) => one.name === name)
      const labelValues = /^label_values\((.*), (\w+)\)$/
      const [, ofModels = '', label = ''] = labelValues.exec(filledIn(variable('model')?.definition ?? '')) ?? []
      expect((await prometheus.labelValues(label, ofModels)).toSorted()).toEqual([...models.values()].toSorted())
      const [, ofDeployments = ''] =
        /^query_result\((.*)\)$/.exec(filledIn(variable('deployment')?.definition ?? '')) ?? []
      const pattern = new RegExp(variable('deployment')?.regex?.slice(1, -1) ?? '')
      const found = (await prometheus.query(ofDeployments)).map((one) => pattern.exec(asGrafanaWrites(one))?.groups)
      expect(found.map((groups) => groups?.['value'] ?? '').toSorted()).toEqual([...models.keys()].toSorted())
      expect(new Set(found.map((groups) => groups?.['text']))).toEqual(new Set(['v1.0.0']))
    })

    it('has no more of a deployment that is paused', async () => {
      const [id = ''] = models.keys()
      await pause(app.client, id)
      await vi.waitFor(
        async () => {
          const left = await prometheus.query('gaugeline_deployment_requests_total')
          expect(left.map(({ metric }) => metric['deployment'])).toEqual([...models.keys()].slice(1))
        },
        { timeout: 10_000, interval: 100 },
      )
    })
  })
})

/** Ten seconds with 200 requests each, of 1 to 40 generated tokens. */
function trace(): string {
  const lines = Array.from({ length: 2000 }, (_, n) => {
    const time = new Date(Date.UTC(2026, 0, 1) + 5 * n).toISOString().replace('T', ' ').replace('Z', '0000')
    return `${time},${100 + n},${1 + (n % 40)}`
  })
  return `TIMESTAMP,ContextTokens,GeneratedTokens\n${lines.join('\n')}\n`
}

/** `up{instance="…",job="…"} 1 1521630638000`: what a variable's regular expression reads. */
function asGrafanaWrites({ metric, value: [seconds, value] }: PrometheusSeries): string {
  const { __name__: name, ...labels } = metric
  const shown = Object.entries(labels).map(([label, text]) => `${label}="${text}"`)
  return `${name}{${shown.join(',')}} ${value} ${seconds * 1000}`
}
