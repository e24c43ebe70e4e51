import type { FamilyRule, ServerMapping } from './mapping.ts'

const seconds = (family: string): FamilyRule => ({ family, scale: 1000 })

/**
 * https://docs.litellm.ai/docs/proxy/prometheus Requests carry the status that the caller was answered with; older
 * versions count failures on their own. Times are in seconds, though their names do not say so.
 */
export const LITELLM: ServerMapping = {
  server: 'LITELLM',
  title: 'LiteLLM',
  knownBy: [
    'litellm_proxy_total_requests_metric',
    'litellm_proxy_failed_requests_metric',
    'litellm_request_total_latency_metric',
    'litellm_requests_metric',
  ],
  modelLabels: ['requested_model'],
  figures: {
    requests: [[{ family: 'litellm_proxy_total_requests_metric' }, { family: 'litellm_requests_metric' }]],
    errors: [
      [
        {
          family: 'litellm_proxy_total_requests_metric',
          where: { status_code: ['4*', '5*'] },
          reason: 'status_code',
        },
        { family: 'litellm_proxy_failed_requests_metric', reason: 'exception_status' },
      ],
    ],
    latency: [[seconds('litellm_request_total_latency_metric')]],
    timeToFirstToken: [[seconds('litellm_llm_api_time_to_first_token_metric')]],
    interTokenLatency: [[seconds('litellm_deployment_latency_per_output_token')]],
    promptTokens: [[{ family: 'litellm_input_tokens_metric' }]],
    generatedTokens: [[{ family: 'litellm_output_tokens_metric' }]],
  },
  unknown: ['The time between tokens is the mean of each request, not of each token.'],
}
