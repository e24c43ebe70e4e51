import { describe, expect, it } from 'vitest'
import { NOTHING_KNOWN } from '../src/metrics/window-metrics.ts'
import { sinceStart } from '../src/recording/sources/deltas.ts'
import { AT_MS, createExpositionServer, numbers } from './exposition-server.ts'
import { absent, exposition, isAbsent, moved, observed } from './expositions.ts'

const { snapshot, between } = createExpositionServer()

describe.skipIf(isAbsent)(`the exposition of a real server${absent}`, () => {
  it('is measured for Triton: sums of microseconds give means alone, and one of eight models is chosen', async () => {
    const before = exposition('triton_densenet_summaries.prom')
    const model = 'model="densenet_onnx"'
    const after = moved(before, {
      [`nv_inference_request_success ${model}`]: 4,
      [`nv_inference_request_failure ${model}`]: 2,
      [`nv_inference_request_duration_us ${model}`]: 1_000_500,
      [`nv_inference_queue_duration_us ${model}`]: 80,
      [`nv_inference_pending_request_count ${model}`]: 7,
      'nv_inference_request_success model="simple"': 1000,
      'nv_inference_pending_request_count model="simple"': 50,
    })
    await expect(snapshot(before, AT_MS)).rejects.toThrow(
      'Several models match: choose one by the label model, which is densenet_onnx, inception_graphdef, simple, ' +
        'simple_dyna_sequence, simple_identity, simple_int8, simple_sequence or simple_string.',
    )
    const measured = await between(before, after, { model: 'densenet_onnx' })
    expect(numbers(measured)).toEqual({
      requests: 6,
      errors: 2,
      latencySumMs: 1000.5,
      queueTimeSumMs: 0.08,
      waiting: 7,
    })
    for (const distribution of [measured.latency, measured.queueTime]) {
      expect([distribution?.count, distribution?.unknownCount]).toEqual([4, 4])
    }
  })

  it('is measured for Triton as its documents show it: samples that are named otherwise than their family', async () => {
    const before = exposition('triton_docs_snippets.prom')
    let after = moved(before, {
      'nv_inference_queue_summary_us_count model="my_model"': 2,
      'nv_inference_queue_summary_us_sum model="my_model"': 5000,
    })
    after = observed(after, 'nv_inference_first_response_histogram_ms model="my_model"', [90, 400, 9000])
    const measured = await between(before, after)
    expect(numbers(measured)).toEqual({ timeToFirstTokenSumMs: 9490, queueTimeSumMs: 5 })
    expect(measured.timeToFirstToken?.cumulative([100, 500, 2000, 5000])).toEqual([1, 2, 2, 2])
    expect(measured.timeToFirstToken?.count).toBe(3)
    expect([measured.queueTime?.count, measured.queueTime?.unknownCount]).toEqual([2, 2])
    expect((await snapshot(before, AT_MS)).server).toBe('TRITON')
  })

  it('is measured for LiteLLM: seventeen labels, statuses, and start times that come as gauges', async () => {
    const before = exposition('litellm_1.95_partial.prom')
    const of = (model: string) => `litellm_proxy_total_requests_metric_total requested_model="${model}"`
    const model = { requested_model: 'mock-basic' }
    const after = moved(before, {
      [`${of('mock-basic')} hashed_api_key="litellm_proxy_master_key"`]: 2,
      [`${of('mock-basic')} hashed_api_key="hash-8"`]: 1,
      [of('mock-fail')]: 3,
    })
    await expect(snapshot(before, AT_MS)).rejects.toThrow(
      'choose one by the label requested_model, which is mock-audio,',
    )
    expect(numbers(await between(before, after, model))).toEqual({ requests: 3, errors: 0, errorsByReason: {} })
    expect(numbers(await between(before, after, { requested_model: 'mock-fail' }))).toEqual({
      requests: 3,
      errors: 3,
      errorsByReason: { 500: 3 },
    })
    // A key that is used for the first time: its series says that it began two seconds ago.
    const line = /litellm_proxy_total_requests_metric_(?<kind>total|created)(?<labels>\{.*hash-8.*\}) .*/
    const fresh = after
      .split('\n')
      .flatMap((text) => {
        const { kind, labels } = line.exec(text)?.groups ?? {}
        if (labels === undefined) return [text]
        const value = kind === 'total' ? 4 : (AT_MS + 3000) / 1000
        return [text, `litellm_proxy_total_requests_metric_${kind}${labels.replace('hash-8', 'hash-new')} ${value}`]
      })
      .join('\n')
    expect(numbers(await between(before, fresh, model))).toEqual({ requests: 7, errors: 0, errorsByReason: {} })
  })

  it('is measured for a worker of Dynamo', async () => {
    const before = exposition('dynamo_component_system_metrics.prom')
    let after = moved(before, {
      dynamo_component_requests_total: 3,
      dynamo_component_inflight_requests: 1,
    })
    after = observed(after, 'dynamo_component_request_duration_seconds', [0.03125, 0.03125, 16])
    const measured = await between(before, after)
    expect(numbers(measured)).toEqual({ requests: 3, latencySumMs: 16_062.5, inFlight: 1 })
    expect(measured.latency?.cumulative([25, 50, 10_000])).toEqual([0, 2, 2])
    expect(measured.latency?.count).toBe(3)
    expect((await snapshot(before, AT_MS)).server).toBe('DYNAMO')
  })

  it('gives what was counted since the server began as one window', async () => {
    const measured = sinceStart(await snapshot(exposition('tgi_partial.prom'), AT_MS))
    expect(numbers(measured)).toMatchObject({
      requests: 111,
      errors: 2,
      errorsByReason: { validation: 2 },
      latencySumMs: 541_214.031616,
      promptTokens: 662,
    })
    expect(measured.latency?.cumulative([1122.2741464, 2525.11682941, 28_762.6588849])).toEqual([2, 24, 109])
    const empty = await snapshot('# TYPE vllm:num_requests_running gauge\nvllm:num_requests_running 1\n', AT_MS)
    expect(sinceStart(empty)).toEqual({ ...NOTHING_KNOWN, inFlight: 1 })
  })
})
