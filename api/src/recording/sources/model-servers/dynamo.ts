import type { FamilyRule, ServerMapping } from './mapping.ts'

const seconds = (family: string): FamilyRule => ({ family, scale: 1000 })

/**
 * https://docs.nvidia.com/dynamo/latest/reference/observability/metrics-catalog The frontend has the view of its callers.
 * The workers have `dynamo_component_*`, beside the families of the engine that they run, which tell more.
 */
export const DYNAMO: ServerMapping = {
  server: 'DYNAMO',
  title: 'NVIDIA Dynamo',
  knownBy: [
    'dynamo_frontend_requests',
    'dynamo_frontend_request_duration_seconds',
    'dynamo_frontend_inflight_requests',
    'dynamo_frontend_active_requests',
    'dynamo_frontend_queued_requests',
  ],
  elseKnownBy: ['dynamo_component_requests', 'dynamo_component_request_duration_seconds'],
  modelLabels: ['model', 'dynamo_component', 'dynamo_endpoint'],
  figures: {
    requests: [[{ family: 'dynamo_frontend_requests' }, { family: 'dynamo_component_requests' }]],
    errors: [
      [
        { family: 'dynamo_frontend_requests', where: { status: ['error'] }, reason: 'error_type' },
        { family: 'dynamo_component_errors', reason: 'error_type' },
      ],
    ],
    latency: [
      [seconds('dynamo_frontend_request_duration_seconds'), seconds('dynamo_component_request_duration_seconds')],
    ],
    timeToFirstToken: [[seconds('dynamo_frontend_time_to_first_token_seconds')]],
    interTokenLatency: [[seconds('dynamo_frontend_inter_token_latency_seconds')]],
    promptTokens: [[{ family: 'dynamo_frontend_input_sequence_tokens', part: 'sum' }]],
    generatedTokens: [
      [{ family: 'dynamo_frontend_output_tokens' }, { family: 'dynamo_frontend_output_sequence_tokens', part: 'sum' }],
    ],
    inFlight: [
      [
        { family: 'dynamo_frontend_active_requests' },
        { family: 'dynamo_frontend_inflight_requests' },
        { family: 'dynamo_component_inflight_requests' },
      ],
    ],
    waiting: [[{ family: 'dynamo_frontend_queued_requests' }]],
  },
  unknown: [],
}
