import type { FamilyRule, FigureName, ServerMapping } from './mapping.ts'
import { VLLM } from './vllm.ts'

const withoutPrefix = (rule: FamilyRule): FamilyRule => ({ ...rule, family: rule.family.replace('vllm:', '') })
const figures = Object.fromEntries(
  Object.entries(VLLM.figures).map(([figure, groups]) => [figure, groups.map((group) => group.map(withoutPrefix))]),
) as Partial<Record<FigureName, FamilyRule[][]>>

/**
 * https://docs.nvidia.com/nim/large-language-models/latest/observability.html The names of vLLM without their prefix, and
 * a counter of failures. Newer ones have vLLM's own names, and are read as vLLM.
 */
export const NIM: ServerMapping = {
  server: 'NIM',
  title: 'NVIDIA NIM',
  knownBy: ['num_requests_running', 'gpu_cache_usage_perc', 'e2e_request_latency_seconds', 'request_success'],
  modelLabels: ['model_name'],
  figures: {
    ...figures,
    requests: [[{ family: 'request_success' }], [{ family: 'request_failure' }]],
    errors: [[{ family: 'request_failure' }]],
  },
  unknown: [],
}
