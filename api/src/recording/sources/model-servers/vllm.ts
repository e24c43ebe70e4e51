import type { FamilyRule, ServerMapping } from './mapping.ts'

const SECONDS = { scale: 1000 }
const seconds = (family: string): FamilyRule => ({ family, ...SECONDS })

/**
 * https://docs.vllm.ai/en/latest/usage/metrics/ Version 0 called the time between tokens `time_per_output_token_seconds`
 * and the cache `gpu_cache_usage_perc`, and had no end-to-end bound below 1 s; version 1 begins at 0.3 s. Series come once
 * for each `engine`.
 */
export const VLLM: ServerMapping = {
  server: 'VLLM',
  title: 'vLLM',
  knownBy: [
    'vllm:num_requests_running',
    'vllm:request_success',
    'vllm:e2e_request_latency_seconds',
    'vllm:prompt_tokens',
    'vllm:time_to_first_token_seconds',
  ],
  modelLabels: ['model_name'],
  figures: {
    requests: [[{ family: 'vllm:request_success' }]],
    errors: [
      [{ family: 'vllm:request_success', where: { finished_reason: ['abort', 'error'] }, reason: 'finished_reason' }],
    ],
    latency: [[seconds('vllm:e2e_request_latency_seconds')]],
    timeToFirstToken: [[seconds('vllm:time_to_first_token_seconds')]],
    interTokenLatency: [[seconds('vllm:inter_token_latency_seconds'), seconds('vllm:time_per_output_token_seconds')]],
    queueTime: [[seconds('vllm:request_queue_time_seconds')]],
    promptTokens: [[{ family: 'vllm:prompt_tokens' }]],
    generatedTokens: [[{ family: 'vllm:generation_tokens' }]],
    inFlight: [[{ family: 'vllm:num_requests_running' }]],
    waiting: [[{ family: 'vllm:num_requests_waiting' }]],
    kvCacheUsage: [[{ family: 'vllm:kv_cache_usage_perc' }, { family: 'vllm:gpu_cache_usage_perc' }]],
  },
  unknown: [
    'vLLM has no counter of failures: only requests that were aborted or ended in an error after they began are counted as errors.',
  ],
}
