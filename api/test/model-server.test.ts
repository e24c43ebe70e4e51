import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseExposition } from '../src/recording/sources/scraping/parse-exposition.ts'
import { ExampleModelServer, runModelServer, type SeriesName } from './example-model-server.ts'

/** As vLLM's documentation has them, in seconds. */
const BOUNDS: Record<string, string> = {
  'vllm:e2e_request_latency_seconds': '.3 .5 .8 1 1.5 2 2.5 5 10 15 20 30 40 50 60 120 240 480 960 1920 7680',
  'vllm:request_queue_time_seconds': '.3 .5 .8 1 1.5 2 2.5 5 10 15 20 30 40 50 60 120 240 480 960 1920 7680',
  'vllm:time_to_first_token_seconds':
    '.001 .005 .01 .02 .04 .06 .08 .1 .25 .5 .75 1 2.5 5 7.5 10 20 40 80 160 640 2560',
  'vllm:inter_token_latency_seconds': '.01 .025 .05 .075 .1 .15 .2 .3 .4 .5 .75 1 2.5 5 7.5 10 20 40 80',
}
const RAW: Record<string, SeriesName> = {
  'vllm:e2e_request_latency_seconds': 'latency',
  'vllm:request_queue_time_seconds': 'queueTime',
  'vllm:time_to_first_token_seconds': 'timeToFirstToken',
  'vllm:inter_token_latency_seconds': 'interTokenLatency',
}
const LABELS = 'engine="0",model_name="example-chat"'
const HELLO = { messages: [{ role: 'user', content: 'Hello there.' }] }

/** The value of one series; undefined when it is not there. */
function valueOf(exposition: string, series: string): number | undefined {
  const line = exposition.split('\n').find((each) => each.startsWith(`${series} `))
  return line === undefined ? undefined : Number(line.slice(series.length + 1))
}

function bucketsOf(exposition: string, family: string): { bound: number; count: number }[] {
  const pattern = new RegExp(`^${family}_bucket\\{${LABELS},le="(.*)"\\} (.*)$`, 'gm')
  return [...exposition.matchAll(pattern)].map(([, bound = '', count = '']) => ({
    bound: bound === '+Inf' ? Infinity : Number(bound),
    count: Number(count),
  }))
}

describe('the example model server', () => {
  let server: ExampleModelServer
  beforeAll(async () => {
    server = await ExampleModelServer.start({ rate: 0 })
  })
  afterAll(() => server[Symbol.asyncDispose]())

  it('has the metrics of vLLM: names, types, labels and bounds, each reason of an end from the start', async () => {
    const text = await server.exposition()
    const types = Object.fromEntries([...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => [name, type]))
    expect(types).toMatchObject({
      process_start_time_seconds: 'gauge',
      'vllm:num_requests_running': 'gauge',
      'vllm:num_requests_waiting': 'gauge',
      'vllm:kv_cache_usage_perc': 'gauge',
      'vllm:prompt_tokens_total': 'counter',
      'vllm:generation_tokens_total': 'counter',
      'vllm:request_success_total': 'counter',
      ...Object.fromEntries(Object.keys(BOUNDS).map((family) => [family, 'histogram'])),
    })
    for (const [family, bounds] of Object.entries(BOUNDS)) {
      expect(bucketsOf(text, family).map(({ bound }) => bound)).toEqual([...bounds.split(' ').map(Number), Infinity])
    }
    for (const reason of ['stop', 'length', 'abort', 'error']) {
      expect(valueOf(text, `vllm:request_success_total{${LABELS},finished_reason="${reason}"}`)).toBeTypeOf('number')
    }
    const started = valueOf(text, 'process_start_time_seconds') ?? 0
    expect(Date.now() / 1000 - started).toBeGreaterThan(0)
    expect(Date.now() / 1000 - started).toBeLessThan(120)
  })

  it('answers in OpenMetrics where that is asked for, and packed', async () => {
    const accept = 'application/openmetrics-text; version=1.0.0, text/plain; version=0.0.4; q=0.5'
    const answer = await fetch(server.metricsUrl, { headers: { accept, 'accept-encoding': 'gzip' } })
    const openMetrics = await answer.text()
    expect(answer.headers.get('content-type')).toMatch(/^application\/openmetrics-text; version=1\.0\.0/)
    expect(answer.headers.get('content-encoding')).toBe('gzip')
    const families = parseExposition(openMetrics, 'openmetrics').map(({ name, type }) => [name, type])
    expect(families).toContainEqual(['vllm:request_success', 'counter'])
    expect(families).toContainEqual(['vllm:e2e_request_latency_seconds', 'histogram'])
    const plain = await fetch(server.metricsUrl, { headers: { accept: '*/*', 'accept-encoding': 'identity' } })
    expect(plain.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/)
    expect(plain.headers.get('content-encoding')).toBeNull()
    expect(parseExposition(await plain.text(), 'text').map(({ name }) => name)).toEqual(
      expect.arrayContaining(families.map(([name]) => name)),
    )
  })

  it('streams a reply token by token, and counts exactly what it has served', async () => {
    const before = await server.exposition()
    const answer = await server.chat({ ...HELLO, max_tokens: 6, stream: true, stream_options: { include_usage: true } })
    const events = (await answer.text()).split('\n\n').filter((event) => event !== '')
    expect(events.pop()).toBe('data: [DONE]')
    const chunks = events.map(
      (event) =>
        JSON.parse(event.replace('data: ', '')) as {
          choices: { delta: { content?: string }; finish_reason: string | null }[]
          usage?: unknown
        },
    )
    expect(chunks.pop()?.usage).toEqual({ prompt_tokens: 3, completion_tokens: 6, total_tokens: 9 })
    expect(chunks.pop()?.choices[0]?.finish_reason).toBe('length')
    expect(chunks.filter(({ choices }) => choices[0]?.delta.content)).toHaveLength(6)

    const after = await server.exposition()
    const grown = (series: string) => (valueOf(after, series) ?? 0) - (valueOf(before, series) ?? 0)
    expect(grown(`vllm:request_success_total{${LABELS},finished_reason="length"}`)).toBe(1)
    expect(grown(`vllm:prompt_tokens_total{${LABELS}}`)).toBe(3)
    expect(grown(`vllm:generation_tokens_total{${LABELS}}`)).toBe(6)
    expect(Object.keys(BOUNDS).map((family) => grown(`${family}_count{${LABELS}}`))).toEqual([1, 1, 1, 5])
  })

  it('counts a reader that leaves as an abort', async () => {
    const leaving = new AbortController()
    const answer = await server.chat({ ...HELLO, max_tokens: 4000, stream: true }, leaving.signal)
    await answer.body?.getReader().read()
    leaving.abort()
    await expect.poll(async () => (await server.known()).finished.abort).toBe(1)
    expect(valueOf(await server.exposition(), `vllm:num_requests_running{${LABELS}}`)).toBe(0)
  })

  it('answers a whole reply, lists its model, and says what is wrong with a request', async () => {
    const whole = (await (await server.chat({ ...HELLO, max_tokens: 2 })).json()) as {
      choices: { message: { role: string } }[]
    }
    expect(whole.choices[0]?.message.role).toBe('assistant')
    const models = (await (await fetch(`${server.url}/v1/models`)).json()) as { data: { id: string }[] }
    expect(models.data.map(({ id }) => id)).toEqual(['example-chat'])
    expect((await fetch(`${server.url}/health`)).status).toBe(200)
    const refused = async (body: unknown) => {
      const answer = await server.chat(body)
      return [answer.status, ((await answer.json()) as { error: { message: string } }).error.message]
    }
    expect(await refused({ messages: [] })).toEqual([400, '"messages" must be a list with at least one message.'])
    expect(await refused({ ...HELLO, max_tokens: 0 })).toEqual([
      400,
      '"max_tokens" must be a whole number from 1 to 8189.',
    ])
    expect(await refused({ ...HELLO, model: 'gpt' })).toEqual([
      404,
      'The model must be "example-chat", the only one here.',
    ])
  })
})

it('the buckets of the example server count exactly the latencies it has measured', async () => {
  await using server = await ExampleModelServer.start({ rate: 60, failures: 0.6, slots: 4 })
  await expect.poll(async () => (await server.known()).series.latency.ms.length).toBeGreaterThan(4)
  const exposition = await server.exposition()
  const { series, scrapes } = await server.known()
  for (const [family, name] of Object.entries(RAW)) {
    const values = series[name].ms.slice(0, scrapes.at(-1)?.counts[name])
    const counted = bucketsOf(exposition, family)
    expect(counted.map(({ count }) => count)).toEqual(
      counted.map(({ bound }) => values.filter((ms) => ms / 1000 <= bound).length),
    )
    const sumMs = values.reduce((sum, ms) => sum + ms, 0)
    expect(valueOf(exposition, `${family}_sum{${LABELS}}`)).toBeCloseTo(sumMs / 1000, 9)
  }
  // Four slots cannot serve this, so most of it waits.
  expect(valueOf(exposition, `vllm:num_requests_running{${LABELS}}`)).toBe(4)
  expect(valueOf(exposition, `vllm:num_requests_waiting{${LABELS}}`)).toBeGreaterThan(4)
})

it('the command of the example server says what is wrong with its arguments', async () => {
  expect(await runModelServer('--port=http')).toMatchObject({
    code: 1,
    stderr: '--port must be a whole number from 0 to 65535; it is "http"\n',
  })
  expect((await runModelServer('--rate=-1')).stderr).toBe('--rate must be a number from 0 to 200; it is "-1"\n')
  expect((await runModelServer('--speed=2')).stderr).toMatch(/--speed.*--help shows what there is/s)
  expect((await runModelServer('--connect', '--port=0')).stderr).toMatch(/GAUGELINE_TOKEN.*READ and DEPLOY/)
  await using taken = await ExampleModelServer.start({ rate: 0 })
  expect((await runModelServer(`--port=${taken.port}`)).stderr).toBe(
    `port ${taken.port} is taken; choose another one with --port\n`,
  )
})
