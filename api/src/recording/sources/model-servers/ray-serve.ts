import type { FamilyRule, FigureName, ServerMapping } from './mapping.ts'
import { VLLM } from './vllm.ts'

/** Ray puts its own prefix before the names of vLLM; newer versions write the colon as an underscore. */
const fromVllm = (figure: FigureName): readonly (readonly FamilyRule[])[] =>
  (VLLM.figures[figure] ?? []).map((group) =>
    group.flatMap((rule) => {
      const family = `ray_${rule.family}`
      return [
        { ...rule, family },
        { ...rule, family: family.replace(':', '_') },
      ]
    }),
  )

/** Ray Serve's own families first; where it has none, or serves no HTTP, those of the vLLM engines that it runs. */
const orFromVllm = (figure: FigureName, own: FamilyRule): readonly (readonly FamilyRule[])[] => {
  const [first = [], ...rest] = fromVllm(figure)
  return [[own, ...first], ...rest]
}

/**
 * https://docs.ray.io/en/latest/serve/monitoring.html Latency is in milliseconds. Replicas that are gone leave their
 * series behind, which do not change any more.
 */
export const RAY_SERVE: ServerMapping = {
  server: 'RAY_SERVE',
  title: 'Ray Serve',
  knownBy: [
    'ray_serve_num_http_requests',
    'ray_serve_http_request_latency_ms',
    'ray_serve_replica_processing_queries',
    ...VLLM.knownBy.flatMap((family) => [`ray_${family}`, `ray_${family.replace(':', '_')}`]),
  ],
  modelLabels: ['model_name', 'application'],
  figures: {
    requests: orFromVllm('requests', { family: 'ray_serve_num_http_requests' }),
    errors: orFromVllm('errors', { family: 'ray_serve_num_http_error_requests', reason: 'error_code' }),
    latency: orFromVllm('latency', { family: 'ray_serve_http_request_latency_ms' }),
    timeToFirstToken: fromVllm('timeToFirstToken'),
    interTokenLatency: fromVllm('interTokenLatency'),
    queueTime: fromVllm('queueTime'),
    promptTokens: fromVllm('promptTokens'),
    generatedTokens: fromVllm('generatedTokens'),
    inFlight: orFromVllm('inFlight', { family: 'ray_serve_replica_processing_queries' }),
    waiting: orFromVllm('waiting', { family: 'ray_serve_deployment_queued_queries' }),
    kvCacheUsage: fromVllm('kvCacheUsage'),
  },
  unknown: [],
}
