import { builder } from '../graphql/builder.ts'
import { MetricsSourceEnum } from '../samples/metrics.schema.ts'
import type { ModelServer } from '../recording/sources/model-servers/mapping.ts'
import type { MappedFamily } from '../recording/sources/source-settings.ts'
import type { LabelMatcher } from './source-settings.ts'
import { healthWithoutState, type ShownScrapeSettings, type ShownSource, type SourceHealth } from './shown-source.ts'

export const ModelServerEnum = builder.enumType('ModelServer', {
  description: 'A kind of model server whose metrics Gaugeline knows how to read.',
  values: {
    VLLM: { description: 'The server vLLM.' },
    SGLANG: { description: 'The server SGLang.' },
    TGI: { description: 'Text Generation Inference, by Hugging Face.' },
    TRITON: { description: 'Triton Inference Server, by NVIDIA.' },
    DYNAMO: { description: 'The frontend of Dynamo, by NVIDIA.' },
    NIM: { description: 'NIM for large language models, by NVIDIA.' },
    LITELLM: { description: 'The proxy of LiteLLM.' },
    RAY_SERVE: { description: 'The server Ray Serve.' },
    BENTOML: { description: 'A service of BentoML.' },
    KSERVE: { description: 'The model server of KServe.' },
    TORCHSERVE: { description: 'The server TorchServe.' },
    LLAMA_CPP: { description: 'The server of llama.cpp.' },
    OPEN_TELEMETRY: { description: "Anything that uses OpenTelemetry's names for generative AI." },
  },
})

export const SourceFigureEnum = builder.enumType('SourceFigure', {
  description: 'A figure that a model server may tell.',
  values: {
    REQUESTS: { value: 'requests', description: 'The requests that finished, successful or failed.' },
    ERRORS: { value: 'errors', description: 'The requests that failed.' },
    LATENCY: { value: 'latency', description: 'How long requests took, from end to end.' },
    TIME_TO_FIRST_TOKEN: { value: 'timeToFirstToken', description: 'How long the first token took.' },
    INTER_TOKEN_LATENCY: { value: 'interTokenLatency', description: 'The time between two tokens.' },
    QUEUE_TIME: { value: 'queueTime', description: 'How long requests waited before they were worked on.' },
    PROMPT_TOKENS: { value: 'promptTokens', description: 'The tokens in the prompts.' },
    GENERATED_TOKENS: { value: 'generatedTokens', description: 'The tokens that were generated.' },
    IN_FLIGHT: { value: 'inFlight', description: 'The requests in flight.' },
    WAITING: { value: 'waiting', description: 'The requests that wait to be worked on.' },
    KV_CACHE_USAGE: { value: 'kvCacheUsage', description: 'How much of the cache of keys and values is used.' },
  } as const,
})

export const FamilyUnitEnum = builder.enumType('FamilyUnit', {
  description: 'What one unit of a family of metrics is.',
  values: {
    SECONDS: { description: 'A time in seconds.' },
    MILLISECONDS: { description: 'A time in milliseconds.' },
    MICROSECONDS: { description: 'A time in microseconds.' },
    COUNT: { description: 'A number of requests or tokens.' },
    RATIO: { description: 'A share from 0 to 1.' },
    PERCENT: { description: 'A share from 0 to 100.' },
  },
})

const LabelMatcherType = builder.objectRef<LabelMatcher>('LabelMatcher').implement({
  description: 'Only series with this label, with exactly this value, count.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'The name of the label.' }),
    value: t.exposeString('value', { description: 'The value of the label.' }),
  }),
})

const FamilyMappingType = builder.objectRef<MappedFamily>('FamilyMapping').implement({
  description: 'Which figure a family of metrics gives.',
  fields: (t) => ({
    figure: t.expose('figure', { type: SourceFigureEnum, description: 'The figure.' }),
    family: t.exposeString('family', { description: 'The name of the family of metrics.' }),
    unit: t.expose('unit', { type: FamilyUnitEnum, description: 'What one of its units is.' }),
  }),
})

const AuthorizationEnum = builder.enumType('ScrapeAuthorization', {
  description: 'How scrapes are authorized. The secret itself is never shown.',
  values: {
    BEARER: { description: 'With a bearer token.' },
    BASIC: { description: 'With a user and a password.' },
  },
})

const ScrapeSettingsType = builder.objectRef<ShownScrapeSettings>('ScrapeSettings').implement({
  description: 'Where the metrics of a scraped deployment are, and how they are read.',
  fields: (t) => ({
    url: t.exposeString('url', { description: 'The URL that the metrics are read from, in its normal form.' }),
    timeoutSeconds: t.float({
      description: 'After how many seconds a scrape is given up.',
      resolve: ({ timeoutMs }) => timeoutMs / 1000,
    }),
    labels: t.field({
      type: [LabelMatcherType],
      description: 'Only series with all of these labels count; all series when it is empty.',
      resolve: ({ labels }) => labels,
    }),
    authorization: t.expose('authorization', {
      type: AuthorizationEnum,
      nullable: true,
      description: 'How scrapes are authorized; null when they are not. The secret is never shown.',
    }),
    server: t.expose('server', {
      type: ModelServerEnum,
      nullable: true,
      description:
        'The kind of model server that was named; null when it is recognized by its metrics (`health.server` says as what), or when the families are mapped by hand.',
    }),
    families: t.field({
      type: [FamilyMappingType],
      description: 'The families of metrics that are mapped by hand; empty when there are none.',
      resolve: ({ families }) => families,
    }),
  }),
})

const SourceStatusEnum = builder.enumType('SourceStatus', {
  description: 'How the source of a deployment is doing.',
  values: {
    WAITING: { description: 'Nothing has come from it so far.' },
    UP: { description: 'It answers.' },
    DEGRADED: { description: 'It has failed, but not for long.' },
    DOWN: { description: 'It has failed three times in a row, or for 30 seconds.' },
  },
})

const SourceHealthType = builder.objectRef<SourceHealth>('SourceHealth').implement({
  description:
    'How the source of a deployment is doing. Each change of the status is an event of the deployment. While the deployment is paused, it stays as it was.',
  fields: (t) => ({
    status: t.expose('status', { type: SourceStatusEnum, description: 'The status.' }),
    since: t.expose('since', { type: 'DateTime', description: 'Since when it has this status.' }),
    lastSuccessAt: t.expose('lastSuccessAt', {
      type: 'DateTime',
      nullable: true,
      description:
        'The end of the newest window that it answered for; null before the first one. A simulated source always answers: it has none.',
    }),
    lastError: t.exposeString('lastError', {
      nullable: true,
      description: 'What is wrong, as a sentence for people; null while it is up.',
    }),
    durationMs: t.exposeFloat('durationMs', {
      nullable: true,
      description: 'How long the last successful scrape took, in milliseconds; null unless the source is SCRAPED.',
    }),
    series: t.exposeInt('series', {
      nullable: true,
      description: 'How many series the last successful scrape had; null unless the source is SCRAPED.',
    }),
    server: t.field({
      type: ModelServerEnum,
      nullable: true,
      description:
        'The kind of model server that the last successful scrape was read as, recognized or named; null before it, when the families are mapped by hand, and unless the source is SCRAPED.',
      // Only scrapes write it.
      resolve: ({ server }) => server as ModelServer | null,
    }),
  }),
})

export const DeploymentSourceType = builder.objectRef<ShownSource>('DeploymentSource').implement({
  description: 'Where the metrics of a deployment come from.',
  fields: (t) => ({
    kind: t.expose('kind', { type: MetricsSourceEnum, description: 'The kind of source.' }),
    intervalSeconds: t.float({
      description: 'The length of its windows, in seconds.',
      resolve: ({ intervalMs }) => intervalMs / 1000,
    }),
    scrape: t.expose('scrape', {
      type: ScrapeSettingsType,
      nullable: true,
      description: 'Where the metrics are; null unless the source is SCRAPED.',
    }),
    health: t.field({
      type: SourceHealthType,
      description: 'How the source is doing.',
      resolve: async ({ deployment }, _args, { loaders }) =>
        (deployment.source === 'SIMULATED' ? null : await loaders.sourceHealth.load(deployment.key)) ??
        healthWithoutState(deployment),
    }),
  }),
})
