import { describe, expect, it } from 'vitest'
import { familiesIn, histogram } from '../../../../test/expositions.ts'
import { sinceStart } from '../deltas.ts'
import { snapshotOf } from '../snapshot.ts'

function read(text: string) {
  return snapshotOf(familiesIn(`# TYPE any unknown\n${text}`), { mapping: null, labels: {}, atMs: 0 })
}

describe('what is known from who stands before engines', () => {
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

  it('OpenTelemetry of a program that calls a model: calls of agents and tools are no requests', () => {
    const of = (operation: string, error: string) =>
      `gen_ai_operation_name="${operation}"${error === '' ? '' : `,error_type="${error}"`}`
    const lines = [
      histogram(
        'gen_ai_client_operation_duration_seconds',
        of('chat', ''),
        [
          ['1', 3],
          ['+Inf', 4],
        ],
        5,
      ),
      histogram(
        'gen_ai_client_operation_duration_seconds',
        of('chat', '429'),
        [
          ['1', 1],
          ['+Inf', 1],
        ],
        0.5,
      ),
      histogram(
        'gen_ai_client_operation_duration_seconds',
        of('invoke_agent', ''),
        [
          ['1', 0],
          ['+Inf', 2],
        ],
        90,
      ),
    ]
    const snapshot = read(lines.join('\n'))
    expect(sinceStart(snapshot)).toMatchObject({
      requests: 5,
      errors: 1,
      errorsByReason: { 429: 1 },
      latencySumMs: 5500,
    })
  })
})
