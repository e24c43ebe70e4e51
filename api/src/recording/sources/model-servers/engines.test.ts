import { describe, expect, it } from 'vitest'
import { familiesIn, histogram } from '../../../../test/expositions.ts'
import { deltaOf, sinceStart } from '../deltas.ts'
import { snapshotOf } from '../snapshot.ts'
import { unknownOf } from '../unknown-of.ts'

const AT_MS = 1_800_000_000_000

function read(text: string, atMs = AT_MS) {
  return snapshotOf(familiesIn(`# TYPE any unknown\n${text}`), { mapping: null, labels: {}, atMs })
}

describe('what is known from an engine', () => {
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
        'Of queue time it is only told whether it was above 300 ms: there is one bucket.',
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
})
