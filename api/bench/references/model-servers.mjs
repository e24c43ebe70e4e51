// Many model servers in one: every path is one, with the metrics of vLLM and as much beside them as a real one has.
import { createServer } from 'node:http'
import { gzipSync } from 'node:zlib'
import { announce, listenOptions } from './listening.mjs'

const { bytes } = JSON.parse(process.argv[2] ?? '{}')
const BOUNDS = {
  'vllm:e2e_request_latency_seconds': [
    0.3, 0.5, 0.8, 1, 1.5, 2, 2.5, 5, 10, 15, 20, 30, 40, 50, 60, 120, 240, 480, 960,
  ],
  'vllm:request_queue_time_seconds': [0.3, 0.5, 0.8, 1, 1.5, 2, 2.5, 5, 10, 15, 20, 30, 40, 50, 60, 120, 240, 480, 960],
  'vllm:time_to_first_token_seconds': [0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 10],
  'vllm:inter_token_latency_seconds': [
    0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5, 5, 10, 20,
  ],
}
const LABELS = 'engine="0",model_name="meta-llama/Llama-3.1-8B-Instruct"'

function histogram(name, bounds, count) {
  const lines = [`# HELP ${name} Histogram of ${name}.`, `# TYPE ${name} histogram`]
  for (const [at, le] of bounds.entries()) {
    lines.push(`${name}_bucket{${LABELS},le="${le}"} ${Math.floor((count * (at + 1)) / (bounds.length + 1))}.0`)
  }
  return [
    ...lines,
    `${name}_bucket{${LABELS},le="+Inf"} ${count}.0`,
    `${name}_sum{${LABELS}} ${count * 1.7}`,
    `${name}_count{${LABELS}} ${count}.0`,
  ]
}

function exposition(count) {
  const lines = []
  for (const [name, bounds] of Object.entries(BOUNDS)) lines.push(...histogram(name, bounds, count))
  for (const reason of ['stop', 'length', 'abort', 'error', 'repetition']) {
    lines.push(`vllm:request_success_total{${LABELS},finished_reason="${reason}"} ${count}.0`)
  }
  for (const name of ['prompt_tokens', 'generation_tokens'])
    lines.push(`# TYPE vllm:${name} counter`, `vllm:${name}_total{${LABELS}} ${count * 300}.0`)
  for (const name of ['num_requests_running', 'num_requests_waiting', 'kv_cache_usage_perc'])
    lines.push(`# TYPE vllm:${name} gauge`, `vllm:${name}{${LABELS}} 0.5`)
  let length = lines.join('\n').length
  for (let n = 0; length < bytes; n += 1) {
    const others = histogram(
      `http_request_duration_of_handler_${n}_seconds`,
      BOUNDS['vllm:inter_token_latency_seconds'],
      count,
    )
    lines.push(...others)
    length += others.join('\n').length
  }
  return `${lines.join('\n')}\n`
}

let count = 1000
let body = gzipSync(exposition(count))
setInterval(() => {
  count += 400
  body = gzipSync(exposition(count))
}, 5000)

const server = createServer((_, response) => {
  response.writeHead(200, {
    'content-type': 'text/plain; version=0.0.4; charset=utf-8',
    'content-encoding': 'gzip',
    'content-length': body.length,
  })
  response.end(body)
})
server.listen(listenOptions, () => announce(server))
