import type { ServerMapping } from './mapping.ts'

/** https://kserve.github.io/website/docs/model-serving/predictive-inference/observability/prometheus-metrics */
export const KSERVE: ServerMapping = {
  server: 'KSERVE',
  title: 'KServe',
  knownBy: ['request_predict_seconds'],
  modelLabels: ['model_name'],
  figures: {
    requests: [[{ family: 'request_predict_seconds', part: 'count' }]],
    latency: [[{ family: 'request_predict_seconds', scale: 1000 }]],
  },
  unknown: ['Latency is that of the prediction alone, without what comes before and after it.'],
}
