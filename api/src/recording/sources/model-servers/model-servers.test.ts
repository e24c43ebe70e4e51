import { describe, expect, it } from 'vitest'
import { familiesIn, histogram } from '../../../../test/expositions.ts'
import { deltaOf, sinceStart } from '../deltas.ts'
import { snapshotOf } from '../snapshot.ts'
import { unknownOf } from '../unknown-of.ts'

const AT_MS = 1_800_000_000_000

function read(text: string, atMs = AT_MS) {
  return snapshotOf(familiesIn(`# TYPE any unknown\n${text}`), { mapping: null, labels: {}, atMs })
}

describe('what is known from', () => {
  it('vLLM, version 1: requests by how they ended, several engines, queue time', () => {
    const ended = (reason: string, count: number, engine = 0) =>
      `vllm:request_success_total{engine="${engine}",finished_reason="${reason}",model_name="m"} ${count}`
    const snapshot = read(
      [
        ended('stop', 10),
        ended('length', 3),
        ended('abort', 2),
        ended('error', 1),
        ended('stop', 4, 1),
        histogram(
          'vllm:request_queue_time_seconds',
          'engine="0"',
          [
            ['0.3', 16],
            ['+Inf', 16],
          ],
          0.000296,
        ),
      ].join('\n'),
    )
    expect(sinceStart(snapshot)).toMatchObject({
      requests: 20,
      errors: 3,
      errorsByReason: { abort: 2, error: 1 },
      queueTimeSumMs: 0.296,
    })
    expect(unknownOf(snapshot)).toEqual(
      expect.arrayContaining([
        'Latency is not known.',
        "Queue time below 300 ms can't be told: the lowest bucket ends there.",
        "Queue time above 300 ms can't be told: the highest bucket begins there.",
        'It does not say how many requests wait.',
        expect.stringContaining('vLLM has no counter of failures'),
      ]),
    )
  })

  it('NIM: the names of vLLM without a prefix, and failures', () => {
    const snapshot = read(
      [
        'request_success_total{model_name="m"} 7',
        'request_failure_total{model_name="m"} 2',
        'num_requests_running{model_name="m"} 1',
        'gpu_cache_usage_perc{model_name="m"} 0.5',
        histogram(
          'time_per_output_token_seconds',
          'model_name="m"',
          [
            ['0.01', 3],
            ['+Inf', 4],
          ],
          0.25,
        ),
      ].join('\n'),
    )
    expect(snapshot.server).toBe('NIM')
    expect(sinceStart(snapshot)).toMatchObject({
      requests: 9,
      errors: 2,
      inFlight: 1,
      kvCacheUsage: 0.5,
      interTokenLatencySumMs: 250,
    })
  })

  it('a frontend of Dynamo: errors by their types, tokens of prompts as the sum of a histogram', () => {
    const requests = (status: string, type: string, count: number) =>
      `dynamo_frontend_requests_total{model="m",status="${status}",error_type="${type}"} ${count}`
    const snapshot = read(
      [
        requests('success', '', 20),
        requests('error', 'overload', 3),
        requests('error', 'cancelled', 1),
        'dynamo_frontend_output_tokens_total{model="m"} 900',
        'dynamo_frontend_active_requests{model="m"} 5',
        'dynamo_frontend_queued_requests{model="m"} 4',
        histogram(
          'dynamo_frontend_input_sequence_tokens',
          'model="m"',
          [
            ['50', 4],
            ['+Inf', 24],
          ],
          4800,
        ),
      ].join('\n'),
    )
    expect(sinceStart(snapshot)).toMatchObject({
      requests: 24,
      errors: 4,
      errorsByReason: { overload: 3, cancelled: 1 },
      promptTokens: 4800,
      generatedTokens: 900,
      inFlight: 5,
      waiting: 4,
    })
  })

  it('Ray Serve: its own requests and milliseconds, and what vLLM says under the newer spelling of its prefix', () => {
    const snapshot = read(
      [
        'ray_serve_num_http_requests_total{application="a",status_code="200"} 40',
        'ray_serve_num_http_error_requests_total{application="a",error_code="500"} 2',
        histogram(
          'ray_serve_http_request_latency_ms',
          'application="a"',
          [
            ['100', 30],
            ['+Inf', 40],
          ],
          4200,
        ),
        'ray_serve_replica_processing_queries{replica="1"} 2',
        'ray_serve_replica_processing_queries{replica="2"} 1',
        'ray_vllm_request_success_total{finished_reason="stop",model_name="m"} 38',
        histogram(
          'ray_vllm_time_to_first_token_seconds',
          'model_name="m"',
          [
            ['0.5', 38],
            ['+Inf', 38],
          ],
          9,
        ),
      ].join('\n'),
    )
    expect(sinceStart(snapshot)).toMatchObject({
      requests: 40,
      errors: 2,
      errorsByReason: { 500: 2 },
      latencySumMs: 4200,
      timeToFirstTokenSumMs: 9000,
      inFlight: 3,
    })
  })

  it('BentoML: what was answered with 5xx failed', () => {
    const requests = (code: number, count: number) =>
      `bentoml_service_request_total{endpoint="/predict",http_response_code="${code}",service_name="s"} ${count}`
    const snapshot = read([requests(200, 30), requests(404, 4), requests(500, 2), requests(503, 1)].join('\n'))
    expect(sinceStart(snapshot)).toMatchObject({ requests: 37, errors: 3, errorsByReason: { 500: 2, 503: 1 } })
  })

  it('LiteLLM of a version without statuses: failures have a family of their own', () => {
    const snapshot = read(
      [
        'litellm_proxy_total_requests_metric_total{requested_model="m"} 9',
        'litellm_proxy_failed_requests_metric_total{requested_model="m",exception_status="429"} 2',
      ].join('\n'),
    )
    expect(sinceStart(snapshot)).toMatchObject({ requests: 9, errors: 2, errorsByReason: { 429: 2 } })
  })

  it('KServe: requests are the number of its latencies', () => {
    const snapshot = read(
      histogram(
        'request_predict_seconds',
        'model_name="m"',
        [
          ['0.005', 3],
          ['+Inf', 5],
        ],
        2,
      ),
    )
    expect(sinceStart(snapshot)).toMatchObject({ requests: 5, errors: null, latencySumMs: 2000 })
    expect(unknownOf(snapshot)).toContain('It has no counter of failures.')
  })

  it('TorchServe: sums of microseconds, so means alone', () => {
    const of = (family: string, value: number) => `${family}{model_name="m",uuid="u"} ${value}`
    const snapshot = read(
      [
        of('ts_inference_requests_total', 4),
        of('ts_inference_latency_microseconds', 8000),
        of('ts_queue_latency_microseconds', 100),
      ].join('\n'),
    )
    const measured = sinceStart(snapshot)
    expect(measured).toMatchObject({ requests: 4, latencySumMs: 8, queueTimeSumMs: 0.1 })
    expect([measured.latency?.count, measured.latency?.unknownCount]).toEqual([4, 4])
    expect(unknownOf(snapshot)).toContain('Of latency only means are known: it has no buckets.')
  })

  it('llama.cpp: tokens and what is in flight, and no requests at all', () => {
    const snapshot = read(
      [
        'llamacpp:prompt_tokens_total 100',
        'llamacpp:tokens_predicted_total 50',
        'llamacpp:requests_processing 1',
        'llamacpp:requests_deferred 2',
      ].join('\n'),
    )
    const { baseline } = deltaOf(null, snapshot)
    const later = read('llamacpp:prompt_tokens_total 130\nllamacpp:tokens_predicted_total 57', AT_MS + 5000)
    expect(sinceStart(snapshot)).toMatchObject({ inFlight: 1, waiting: 2 })
    expect(deltaOf(baseline, later).measurement).toMatchObject({
      requests: null,
      latency: null,
      latencySumMs: null,
      promptTokens: 30,
      generatedTokens: 7,
      inFlight: null,
    })
    expect(unknownOf(snapshot).slice(0, 3)).toEqual([
      'It has no counter of requests.',
      'It has no counter of failures.',
      'Latency is not known.',
    ])
  })

  it('OpenTelemetry, in the spelling of Prometheus: failures are those with a type of error', () => {
    const duration = 'gen_ai_server_request_duration_seconds'
    const tokens = 'gen_ai_client_token_usage'
    const snapshot = read(
      [
        histogram(
          duration,
          'gen_ai_request_model="m"',
          [
            ['0.32', 5],
            ['+Inf', 8],
          ],
          4,
        ),
        histogram(
          duration,
          'gen_ai_request_model="m",error_type="timeout"',
          [
            ['0.32', 0],
            ['+Inf', 2],
          ],
          60,
        ),
        histogram(
          tokens,
          'gen_ai_token_type="input"',
          [
            ['64', 8],
            ['+Inf', 10],
          ],
          700,
        ),
        histogram(
          tokens,
          'gen_ai_token_type="output"',
          [
            ['64', 8],
            ['+Inf', 10],
          ],
          300,
        ),
        histogram(
          'http_server_request_duration_seconds',
          '',
          [
            ['1', 90],
            ['+Inf', 99],
          ],
          12,
        ),
      ].join('\n'),
    )
    const measured = sinceStart(snapshot)
    expect(measured).toMatchObject({
      requests: 10,
      errors: 2,
      errorsByReason: { timeout: 2 },
      latencySumMs: 64_000,
      promptTokens: 700,
      generatedTokens: 300,
    })
    expect(measured.latency?.cumulative([320])).toEqual([5])
  })
})
