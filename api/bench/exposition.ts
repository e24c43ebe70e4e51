import type { ExpositionFormat } from '../src/recording/sources/scraping/exposition.ts'

const REQUEST_BOUNDS = [0.3, 0.5, 0.8, 1, 1.5, 2, 2.5, 5, 10, 15, 20, 30, 40, 50, 60, 120, 240, 480, 960, 1920, 7680]
const HISTOGRAMS = [
  'e2e_request_latency_seconds',
  'request_queue_time_seconds',
  'request_inference_time_seconds',
  'request_prefill_time_seconds',
  'request_decode_time_seconds',
  'time_to_first_token_seconds',
  'inter_token_latency_seconds',
  'request_prompt_tokens',
  'request_generation_tokens',
  'request_params_max_tokens',
]
const COUNTERS = ['prompt_tokens', 'generation_tokens', 'num_preemptions', 'prefix_cache_queries', 'prefix_cache_hits']
const GAUGES = ['num_requests_running', 'num_requests_waiting', 'kv_cache_usage_perc']
const REASONS = ['stop', 'length', 'abort', 'error']
const MODEL = 'model_name="meta-llama/Llama-3.1-8B-Instruct"'

/** What one engine of a vLLM server takes, about. */
const ENGINE_BYTES = 25_000

/** What a vLLM server with many engines exposes, of about this length; the same in each run. */
export function exposition(bytes: number, format: ExpositionFormat): string {
  const isOpenMetrics = format === 'openmetrics'
  const engines = Array.from({ length: Math.max(1, Math.round(bytes / ENGINE_BYTES)) }, (_none, engine) => engine)
  const lines: string[] = []
  let state = 1
  const random = () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647
  const family = (name: string, type: string) =>
    lines.push(`# HELP vllm:${name} What is known of ${name}, in its unit.`, `# TYPE vllm:${name} ${type}`)
  const counter = (name: string) => family(isOpenMetrics ? name : `${name}_total`, 'counter')

  for (const name of GAUGES) {
    family(name, 'gauge')
    for (const engine of engines) lines.push(`vllm:${name}{engine="${engine}",${MODEL}} ${(random() * 100).toFixed(1)}`)
  }
  for (const name of COUNTERS) {
    counter(name)
    for (const engine of engines) {
      lines.push(`vllm:${name}_total{engine="${engine}",${MODEL}} ${Math.floor(random() * 1e8)}.0`)
    }
  }
  counter('request_success')
  for (const engine of engines) {
    for (const reason of REASONS) {
      const labels = `engine="${engine}",finished_reason="${reason}",${MODEL}`
      lines.push(`vllm:request_success_total{${labels}} ${Math.floor(random() * 1e6)}.0`)
    }
  }
  for (const name of HISTOGRAMS) {
    family(name, 'histogram')
    for (const engine of engines) {
      let count = 0
      for (const bound of [...REQUEST_BOUNDS.map(written), '+Inf']) {
        count += Math.floor(random() * 1000)
        lines.push(`vllm:${name}_bucket{engine="${engine}",le="${bound}",${MODEL}} ${count}.0`)
      }
      lines.push(`vllm:${name}_count{engine="${engine}",${MODEL}} ${count}.0`)
      lines.push(`vllm:${name}_sum{engine="${engine}",${MODEL}} ${random() * count * 3}`)
    }
  }
  if (isOpenMetrics) lines.push('# EOF')
  return `${lines.join('\n')}\n`
}

/** As Python writes numbers. */
function written(bound: number): string {
  return Number.isInteger(bound) ? `${bound}.0` : String(bound)
}
