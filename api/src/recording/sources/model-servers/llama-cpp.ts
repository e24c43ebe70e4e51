import type { ServerMapping } from './mapping.ts'

/**
 * https://github.com/ggml-org/llama.cpp/tree/master/tools/server Needs `--metrics`. It counts tokens and no requests. As a
 * router, it keeps models awake that are asked for their metrics.
 */
export const LLAMA_CPP: ServerMapping = {
  server: 'LLAMA_CPP',
  title: 'llama.cpp',
  knownBy: [
    'llamacpp:prompt_tokens',
    'llamacpp:tokens_predicted',
    'llamacpp:requests_processing',
    'llamacpp:requests_deferred',
  ],
  modelLabels: ['model'],
  figures: {
    promptTokens: [[{ family: 'llamacpp:prompt_tokens' }]],
    generatedTokens: [[{ family: 'llamacpp:tokens_predicted' }]],
    inFlight: [[{ family: 'llamacpp:requests_processing' }]],
    waiting: [[{ family: 'llamacpp:requests_deferred' }]],
    kvCacheUsage: [[{ family: 'llamacpp:kv_cache_usage_ratio' }]],
  },
  unknown: [],
}
