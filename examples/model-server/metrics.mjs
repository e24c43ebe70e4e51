// @ts-check
// What the server knows of itself, with the names, types and bounds of vLLM's V1 engine, in the text format of Prometheus
// and in OpenMetrics.
import { FIRST_TOKEN_BOUNDS, Histogram, INTER_TOKEN_BOUNDS, REQUEST_BOUNDS } from './histogram.mjs'
import { RawLatencies } from './raw-latencies.mjs'

/** @import { FinishedReason, Observer } from './engine.mjs' */

/** @typedef {{ running: number, waiting: number, cacheUsage: number }} EngineState */
/** @typedef {{ name: string, labels?: string, value: number }} Sample */
/**
 * @typedef {object} Family
 * @property {string} name Without `_total`.
 * @property {'counter' | 'gauge' | 'histogram'} type
 * @property {string} help
 * @property {Sample[]} samples
 * @property {Sample[]} [created] When each series began; Prometheus is told in a family of its own.
 */

/** As vLLM's own client library writes numbers: always as a float. @param {number} value */
function written(value) {
  if (value === Infinity) return '+Inf'
  return Number.isInteger(value) && Math.abs(value) < 1e21 ? `${value}.0` : String(value)
}

/** @implements {Observer} */
export class ServerMetrics {
  /** Every latency of the last minutes, beside what is counted. */
  raw = new RawLatencies()
  /** @type {Record<FinishedReason, number>} */
  #finished = { stop: 0, length: 0, abort: 0, error: 0 }
  #promptTokens = 0
  #generatedTokens = 0
  #latency = new Histogram(REQUEST_BOUNDS)
  #queueTime = new Histogram(REQUEST_BOUNDS)
  #firstToken = new Histogram(FIRST_TOKEN_BOUNDS)
  #interToken = new Histogram(INTER_TOKEN_BOUNDS)
  #labels
  #startedSeconds

  /**
   * @param {object} options
   * @param {string} options.model
   * @param {number} options.startedMs When the process began.
   */
  constructor({ model, startedMs }) {
    this.#labels = `engine="0",model_name="${model}"`
    this.#startedSeconds = startedMs / 1000
  }

  /** @param {number} tokens */
  onPrompt(tokens) {
    this.#promptTokens += tokens
  }

  onGenerated() {
    this.#generatedTokens += 1
  }

  /** @param {number} ms */
  onFirstToken(ms) {
    this.#firstToken.observe(ms / 1000)
    this.raw.add('timeToFirstToken', ms)
  }

  /** @param {number} ms */
  onNextToken(ms) {
    this.#interToken.observe(ms / 1000)
    this.raw.add('interTokenLatency', ms)
  }

  /** @param {{ reason: FinishedReason, latencyMs: number, queueMs: number | null }} finished */
  onFinished({ reason, latencyMs, queueMs }) {
    this.#finished[reason] += 1
    this.#latency.observe(latencyMs / 1000)
    this.raw.add('latency', latencyMs)
    if (queueMs === null) return
    this.#queueTime.observe(queueMs / 1000)
    this.raw.add('queueTime', queueMs)
  }

  /** The counters, for tests to compare with. */
  get totals() {
    return { finished: { ...this.#finished }, promptTokens: this.#promptTokens, generatedTokens: this.#generatedTokens }
  }

  /**
   * The whole answer of /metrics.
   *
   * @param {EngineState} state
   * @param {'text' | 'openmetrics'} format
   */
  expose(state, format) {
    const families = this.#families(state)
    if (format === 'openmetrics') return `${families.map(inOpenMetrics).join('')}# EOF\n`
    return families.map(inText).join('')
  }

  /**
   * @param {EngineState} state
   * @returns {Family[]}
   */
  #families({ running, waiting, cacheUsage }) {
    return [
      gauge(
        'process_start_time_seconds',
        'When the process began, in seconds since the epoch.',
        this.#startedSeconds,
        '',
      ),
      gauge('vllm:num_requests_running', 'Requests that are being worked on.', running, this.#labels),
      gauge('vllm:num_requests_waiting', 'Requests that wait for a slot.', waiting, this.#labels),
      gauge(
        'vllm:kv_cache_usage_perc',
        'Used share of the cache of keys and values; 1 is all.',
        cacheUsage,
        this.#labels,
      ),
      this.#counter('vllm:prompt_tokens', 'Tokens of prompts that were worked on.', { '': this.#promptTokens }),
      this.#counter('vllm:generation_tokens', 'Generated tokens.', { '': this.#generatedTokens }),
      this.#counter('vllm:request_success', 'Finished requests by their reason.', this.#finishedByLabel()),
      this.#histogram('vllm:e2e_request_latency_seconds', 'From the arrival of a request to its end.', this.#latency),
      this.#histogram('vllm:request_queue_time_seconds', 'From the arrival of a request to its slot.', this.#queueTime),
      this.#histogram('vllm:time_to_first_token_seconds', 'From the arrival to the first token.', this.#firstToken),
      this.#histogram('vllm:inter_token_latency_seconds', 'From one token to the next.', this.#interToken),
    ]
  }

  #finishedByLabel() {
    return Object.fromEntries(Object.entries(this.#finished).map(([reason, n]) => [`,finished_reason="${reason}"`, n]))
  }

  /**
   * @param {string} name
   * @param {string} help
   * @param {Record<string, number>} values By what is added to the labels.
   * @returns {Family}
   */
  #counter(name, help, values) {
    const labels = Object.keys(values).map((more) => `${this.#labels}${more}`)
    return {
      name,
      type: 'counter',
      help,
      samples: Object.values(values).map((value, index) => ({
        name: `${name}_total`,
        labels: labels[index] ?? '',
        value,
      })),
      created: labels.map((each) => ({ name: `${name}_created`, labels: each, value: this.#startedSeconds })),
    }
  }

  /**
   * @param {string} name
   * @param {string} help
   * @param {Histogram} histogram
   * @returns {Family}
   */
  #histogram(name, help, { bounds, counts, sum }) {
    const labels = this.#labels
    const buckets = counts.map((value, index) => ({
      name: `${name}_bucket`,
      labels: `${labels},le="${written(bounds[index] ?? Infinity)}"`,
      value,
    }))
    const total = counts.at(-1) ?? 0
    return {
      name,
      type: 'histogram',
      help,
      samples: [
        ...buckets,
        { name: `${name}_count`, labels, value: total },
        { name: `${name}_sum`, labels, value: sum },
      ],
      created: [{ name: `${name}_created`, labels, value: this.#startedSeconds }],
    }
  }
}

/**
 * @param {string} name
 * @param {string} help
 * @param {number} value
 * @param {string} labels
 * @returns {Family}
 */
function gauge(name, help, value, labels) {
  return { name, type: 'gauge', help, samples: [{ name, labels, value }] }
}

/** @param {Sample[]} samples */
function lines(samples) {
  return samples.map(({ name, labels, value }) => `${name}${labels ? `{${labels}}` : ''} ${written(value)}\n`).join('')
}

/** Samples with the same labels stand together, the start time after the count. @param {Family} family */
function inOpenMetrics({ name, type, help, samples, created = [] }) {
  const isCounter = type === 'counter'
  const ordered = isCounter
    ? samples.flatMap((sample, at) => [sample, ...created.slice(at, at + 1)])
    : [...samples, ...created]
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines(ordered)}`
}

/** The older format has no start times: they are gauges, as in vLLM. @param {Family} family */
function inText({ name, type, help, samples, created = [] }) {
  const own = type === 'counter' ? `${name}_total` : name
  const family = `# HELP ${own} ${help}\n# TYPE ${own} ${type}\n${lines(samples)}`
  if (created.length === 0) return family
  return `${family}# HELP ${name}_created ${help}\n# TYPE ${name}_created gauge\n${lines(created)}`
}
