import type { FamilyRule, ServerMapping } from './mapping.ts'

const meanOnly = (family: string): FamilyRule => ({
  family,
  part: 'sum',
  scale: 0.001,
  countedBy: 'ts_inference_requests',
})

/** https://docs.pytorch.org/serve/metrics.html Times are sums of microseconds. */
export const TORCHSERVE: ServerMapping = {
  server: 'TORCHSERVE',
  title: 'TorchServe',
  knownBy: ['ts_inference_requests', 'ts_inference_latency_microseconds', 'ts_queue_latency_microseconds'],
  modelLabels: ['model_name'],
  figures: {
    requests: [[{ family: 'ts_inference_requests' }]],
    latency: [[meanOnly('ts_inference_latency_microseconds')]],
    queueTime: [[meanOnly('ts_queue_latency_microseconds')]],
  },
  unknown: [],
}
