import type { FamilyRule, ServerMapping } from './mapping.ts'

const seconds = (family: string): FamilyRule => ({ family, scale: 1000 })

/**
 * https://huggingface.co/docs/text-generation-inference/reference/metrics `tgi_request_count` counts requests that
 * arrive: those that ended are the successes and the failures.
 */
export const TGI: ServerMapping = {
  server: 'TGI',
  title: 'Text Generation Inference',
  knownBy: ['tgi_request_count', 'tgi_request_success', 'tgi_request_duration', 'tgi_queue_size'],
  modelLabels: [],
  figures: {
    requests: [[{ family: 'tgi_request_success' }], [{ family: 'tgi_request_failure' }]],
    errors: [[{ family: 'tgi_request_failure', reason: 'err' }]],
    latency: [[seconds('tgi_request_duration')]],
    queueTime: [[seconds('tgi_request_queue_duration')]],
    interTokenLatency: [[seconds('tgi_request_mean_time_per_token_duration')]],
    promptTokens: [[{ family: 'tgi_request_input_length', part: 'sum' }]],
    generatedTokens: [[{ family: 'tgi_request_generated_tokens', part: 'sum' }]],
    inFlight: [[{ family: 'tgi_batch_current_size' }]],
    waiting: [[{ family: 'tgi_queue_size' }]],
  },
  unknown: [
    'The time between tokens is the mean of each request, not of each token.',
    'Latency is that of successful requests.',
  ],
}
