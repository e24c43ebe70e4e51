import type { FamilyUnit, ModelServer, SourceFigure } from '../../graphql/gql/graphql.ts'

/** The kinds of model servers, as their makers write them. */
export const SERVER_TITLES: Record<ModelServer, string> = {
  VLLM: 'vLLM',
  SGLANG: 'SGLang',
  TGI: 'Text Generation Inference',
  TRITON: 'Triton',
  DYNAMO: 'Dynamo',
  NIM: 'NIM',
  LITELLM: 'LiteLLM',
  RAY_SERVE: 'Ray Serve',
  BENTOML: 'BentoML',
  KSERVE: 'KServe',
  TORCHSERVE: 'TorchServe',
  LLAMA_CPP: 'llama.cpp',
  OPEN_TELEMETRY: 'OpenTelemetry',
}

/** The figures that a family can give, in the order of the pages, with the units that they come in. */
export const FIGURE_UNITS: Record<SourceFigure, { words: string; units: readonly FamilyUnit[] }> = {
  REQUESTS: { words: 'Requests', units: ['COUNT'] },
  ERRORS: { words: 'Errors', units: ['COUNT'] },
  LATENCY: { words: 'Latency', units: ['SECONDS', 'MILLISECONDS', 'MICROSECONDS'] },
  TIME_TO_FIRST_TOKEN: { words: 'Time to first token', units: ['SECONDS', 'MILLISECONDS', 'MICROSECONDS'] },
  INTER_TOKEN_LATENCY: { words: 'Time between tokens', units: ['SECONDS', 'MILLISECONDS', 'MICROSECONDS'] },
  QUEUE_TIME: { words: 'Time in the queue', units: ['SECONDS', 'MILLISECONDS', 'MICROSECONDS'] },
  PROMPT_TOKENS: { words: 'Prompt tokens', units: ['COUNT'] },
  GENERATED_TOKENS: { words: 'Generated tokens', units: ['COUNT'] },
  IN_FLIGHT: { words: 'In flight', units: ['COUNT'] },
  WAITING: { words: 'Waiting', units: ['COUNT'] },
  KV_CACHE_USAGE: { words: 'Cache of keys and values', units: ['RATIO', 'PERCENT'] },
}
export const SOURCE_FIGURES = Object.keys(FIGURE_UNITS) as SourceFigure[]

export const UNIT_WORDS: Record<FamilyUnit, string> = {
  COUNT: 'count',
  SECONDS: 's',
  MILLISECONDS: 'ms',
  MICROSECONDS: 'µs',
  RATIO: '0 to 1',
  PERCENT: '0 to 100',
}
