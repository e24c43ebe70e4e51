import { describe, expect, it } from 'vitest'
import { AT_MS, createExpositionServer, numbers } from './exposition-server.ts'
import { absent, exposition, isAbsent, moved, observed, replaced } from './expositions.ts'

const { snapshot, between } = createExpositionServer()

describe.skipIf(isAbsent)(`the exposition of a real server${absent}`, () => {
  it('is measured for vLLM, version 0: lazily labelled series, per-token times under their old name', async () => {
    const before = exposition('vllm_v0_opt125m.prom')
    let after = moved(before, {
      'vllm:request_success_total finished_reason="length"': 3,
      'vllm:prompt_tokens_total': 40,
      'vllm:generation_tokens_total': 25,
      'vllm:num_requests_running': 2,
      'vllm:num_requests_waiting': 1,
      'vllm:gpu_cache_usage_perc': 0.25,
    })
    after = observed(after, 'vllm:e2e_request_latency_seconds', [0.5, 2.5, 61])
    after = observed(after, 'vllm:time_to_first_token_seconds', [0.125, 0.25, 0.3125])
    after = observed(after, 'vllm:time_per_output_token_seconds', [0.03125, 0.03125])
    const measured = await between(before, after)
    expect(numbers(measured)).toEqual({
      requests: 3,
      errors: 0,
      errorsByReason: {},
      latencySumMs: 64_000,
      timeToFirstTokenSumMs: 687.5,
      interTokenLatencySumMs: 62.5,
      promptTokens: 40,
      generatedTokens: 25,
      inFlight: 2,
      waiting: 1,
      kvCacheUsage: 0.25,
    })
    // One above the highest bound, 60 s: only two of three are known to be below it.
    expect(measured.latency?.cumulative([999, 1000, 2000, 2500, 60_000])).toEqual([0, 1, 1, 2, 2])
    expect(measured.latency?.count).toBe(3)
    expect(measured.timeToFirstToken?.cumulative([100, 250, 500])).toEqual([0, 2, 3])
    expect(measured.interTokenLatency?.cumulative([25, 50])).toEqual([0, 2])
    expect(measured.queueTime).toBeNull()
    expect((await snapshot(before, AT_MS)).server).toBe('VLLM')
  })

  it('is measured for SGLang as its documents show it, overloaded: sums before buckets, most above the highest', async () => {
    const before = exposition('sglang_docs_overloaded.prom')
    let after = moved(before, {
      'sglang:prompt_tokens_total': 1024,
      'sglang:generation_tokens_total': 512,
      'sglang:num_running_reqs': -12,
      'sglang:num_queue_reqs': 174,
    })
    after = observed(after, 'sglang:time_to_first_token_seconds', [214, 214, 0.05])
    after = observed(after, 'sglang:e2e_request_latency_seconds', [256, 30])
    after = observed(after, 'sglang:time_per_output_token_seconds', [0.0625, 0.125, 3])
    const measured = await between(before, after)
    expect(numbers(measured)).toEqual({
      // It has no counter of requests in this version: the number of latencies is.
      requests: 2,
      latencySumMs: 286_000,
      timeToFirstTokenSumMs: 428_050,
      interTokenLatencySumMs: 3187.5,
      promptTokens: 1024,
      generatedTokens: 512,
      inFlight: 150,
      waiting: 3000,
      kvCacheUsage: 0.28,
    })
    expect(measured.latency?.cumulative([20_000, 30_000, 60_000])).toEqual([0, 1, 1])
    expect(measured.latency?.quantile(0.99)).toMatchObject({ kind: 'ABOVE_HIGHEST_BUCKET', lowMs: 60_000 })
    expect(measured.timeToFirstToken?.cumulative([40, 60, 30_000])).toEqual([0, 1, 1])
    expect(measured.interTokenLatency?.cumulative([50, 75, 100, 150, 2500])).toEqual([0, 1, 1, 2, 2])
    expect((await snapshot(before, AT_MS)).server).toBe('SGLANG')
  })

  it('is measured for SGLang 0.5.10: tensor-parallel ranks that repeat, one bucket and infinity', async () => {
    const before = exposition('sglang_0.5.10_abridged_datadog.prom')
    let after = moved(before, {
      'sglang:num_requests_total': 5,
      'sglang:prompt_tokens_total': 50,
      'sglang:generation_tokens_total': 80,
      'sglang:num_running_reqs': 3,
      'sglang:num_queue_reqs': 2,
    })
    after = observed(after, 'sglang:e2e_request_latency_seconds', [0.0625, 0.0625, 0.5, 0.5, 0.5])
    after = observed(after, 'sglang:queue_time_seconds', [0.0005, 0.25])
    const withRank = (text: string) =>
      text
        .split('\n')
        .flatMap((line) => (line.includes('tp_rank="0"') ? [line, line.replace('tp_rank="0"', 'tp_rank="1"')] : line))
        .join('\n')
    const expected = {
      requests: 5,
      latencySumMs: 1625,
      queueTimeSumMs: 250.5,
      promptTokens: 50,
      generatedTokens: 80,
      inFlight: 3,
      waiting: 2,
      kvCacheUsage: 0.25,
    }
    for (const [one, other] of [
      [before, after],
      [withRank(before), withRank(after)],
    ] as const) {
      const measured = await between(one, other)
      expect(numbers(measured)).toEqual(expected)
      expect(measured.latency?.cumulative([100])).toEqual([2])
      expect(measured.latency?.count).toBe(5)
      expect(measured.queueTime?.cumulative([1])).toEqual([1])
      expect(measured.timeToFirstToken).toBeNull()
    }
  })

  it('is measured for Text Generation Inference: tokens are sums of histograms, requests successes and failures', async () => {
    const before = exposition('tgi_partial.prom')
    let after = moved(before, {
      tgi_request_count: 10,
      tgi_request_success: 6,
      'tgi_request_failure err="validation"': 1,
      tgi_batch_current_size: 3,
      tgi_queue_size: 4,
    })
    after = observed(after, 'tgi_request_input_length', [10, 20, 30, 10, 20, 30])
    after = observed(after, 'tgi_request_duration', [1, 1, 2, 2, 4, 200])
    after = observed(after, 'tgi_request_queue_duration', [0.0001220703125, 0.0625])
    after = observed(after, 'tgi_request_mean_time_per_token_duration', [0.0625])
    const measured = await between(before, after)
    expect(numbers(measured)).toEqual({
      requests: 7,
      errors: 1,
      errorsByReason: { validation: 1 },
      latencySumMs: 210_000,
      queueTimeSumMs: 62.62207,
      interTokenLatencySumMs: 62.5,
      promptTokens: 120,
      // Its histogram of generated tokens is not in this part of an exposition.
      inFlight: 3,
      waiting: 4,
    })
    expect(measured.latency?.cumulative([700, 1122.2741464, 2525.11682941, 5681.51286617, 146_000])).toEqual([
      0, 2, 4, 5, 5,
    ])
    expect(measured.queueTime?.cumulative([0.15, 65, 66])).toEqual([1, 1, 2])
    expect((await snapshot(before, AT_MS)).server).toBe('TGI')
  })

  it('is measured for vLLM on Ray: a prefix before its names, and -1 for no data', async () => {
    const before = exposition('ray_vllm_partial.prom')
    let after = moved(before, {
      'ray_vllm:prompt_tokens_total': 12,
      'ray_vllm:generation_tokens_total': 34,
      'ray_vllm:num_requests_running': 5,
    })
    after = replaced(after, { 'ray_vllm:num_requests_waiting': '-1.0' })
    after = observed(after, 'ray_vllm:time_per_output_token_seconds', [0.03125, 0.0625])
    const measured = await between(before, after)
    expect(numbers(measured)).toEqual({
      interTokenLatencySumMs: 93.75,
      promptTokens: 12,
      generatedTokens: 34,
      inFlight: 5,
      kvCacheUsage: 0.000059,
    })
    expect(measured.interTokenLatency?.cumulative([25, 50, 75])).toEqual([0, 1, 2])
    expect((await snapshot(before, AT_MS)).server).toBe('RAY_SERVE')
  })
})
