import type { FamilyRule, ServerMapping } from './mapping.ts'

/** With tensor or pipeline parallelism every rank may say the same again. */
const RANKS = { repeatedBy: ['tp_rank', 'pp_rank', 'moe_ep_rank'] }
const seconds = (family: string): FamilyRule => ({ family, scale: 1000, ...RANKS })
const one = (family: string): FamilyRule => ({ family, ...RANKS })

/**
 * https://docs.sglang.ai/references/production_metrics.html Tokens are counted when a request ends.
 */
export const SGLANG: ServerMapping = {
  server: 'SGLANG',
  title: 'SGLang',
  knownBy: [
    'sglang:num_running_reqs',
    'sglang:num_requests',
    'sglang:e2e_request_latency_seconds',
    'sglang:prompt_tokens',
    'sglang:token_usage',
  ],
  modelLabels: ['model_name'],
  figures: {
    requests: [[one('sglang:num_requests'), { family: 'sglang:e2e_request_latency_seconds', part: 'count', ...RANKS }]],
    errors: [[one('sglang:num_aborted_requests')]],
    latency: [[seconds('sglang:e2e_request_latency_seconds')]],
    timeToFirstToken: [[seconds('sglang:time_to_first_token_seconds')]],
    interTokenLatency: [
      [seconds('sglang:inter_token_latency_seconds'), seconds('sglang:time_per_output_token_seconds')],
    ],
    queueTime: [[seconds('sglang:queue_time_seconds')]],
    promptTokens: [[one('sglang:prompt_tokens')]],
    generatedTokens: [[one('sglang:generation_tokens')]],
    inFlight: [[one('sglang:num_running_reqs')]],
    waiting: [[one('sglang:num_queue_reqs')]],
    kvCacheUsage: [[one('sglang:token_usage')]],
  },
  unknown: ['SGLang counts tokens when a request ends, not while it runs.'],
}
