import type { ServerMapping } from './mapping.ts'

const MICROSECONDS = { scale: 0.001 }

/**
 * https://docs.nvidia.com/deeplearning/triton-inference-server/user-guide/docs/user_guide/metrics.html Times are sums of
 * microseconds over the requests that succeeded. The histogram of first responses and the summaries are off by default.
 */
export const TRITON: ServerMapping = {
  server: 'TRITON',
  title: 'Triton Inference Server',
  knownBy: [
    'nv_inference_request_success',
    'nv_inference_request_duration_us',
    'nv_inference_first_response_histogram_ms',
  ],
  elseKnownBy: ['nv_inference_queue_summary_us', 'nv_inference_request_summary_us'],
  modelLabels: ['model'],
  figures: {
    requests: [[{ family: 'nv_inference_request_success' }], [{ family: 'nv_inference_request_failure' }]],
    errors: [[{ family: 'nv_inference_request_failure', reason: 'reason' }]],
    latency: [
      [
        {
          family: 'nv_inference_request_duration_us',
          part: 'sum',
          countedBy: 'nv_inference_request_success',
          ...MICROSECONDS,
        },
        { family: 'nv_inference_request_summary_us', ...MICROSECONDS },
      ],
    ],
    timeToFirstToken: [[{ family: 'nv_inference_first_response_histogram_ms' }]],
    queueTime: [
      [
        {
          family: 'nv_inference_queue_duration_us',
          part: 'sum',
          countedBy: 'nv_inference_request_success',
          ...MICROSECONDS,
        },
        { family: 'nv_inference_queue_summary_us', ...MICROSECONDS },
      ],
    ],
    waiting: [[{ family: 'nv_inference_pending_request_count' }]],
  },
  unknown: ['Latency is that of successful requests.'],
}
