import { builder } from '../graphql/builder.ts'
import { FamilyUnitEnum, ModelServerEnum, SourceFigureEnum } from './source.schema.ts'
import { MAX_SECRET } from './scrape-authorization.ts'
import { MAX_SCRAPE_URL } from './scrape-url.ts'
import { MAX_MATCHERS } from './source-settings.ts'

const INTERVAL = 'The length of its windows, in seconds: a whole number from 1 to 60 that divides 60.'

const SimulatedInput = builder.inputType('SimulatedSourceInput', {
  description: "Gaugeline's own simulator draws the metrics.",
  fields: (t) => ({
    intervalSeconds: t.int({ description: `${INTERVAL} The interval of the server when it is left out.` }),
  }),
})

const LabelMatcherInput = builder.inputType('LabelMatcherInput', {
  description: `Selects series by a label.

Example:
\`labels: [{ name: "model_name", value: "llama-3-8b" }]\``,
  fields: (t) => ({
    name: t.string({ required: true, description: 'The name of the label.' }),
    value: t.string({ required: true, description: 'The value that the label must have, exactly.' }),
  }),
})

const BasicInput = builder.inputType('BasicAuthorizationInput', {
  description: 'A user and a password.',
  fields: (t) => ({
    user: t.string({ required: true, description: 'The name of the user, without a colon.' }),
    password: t.string({ required: true, description: 'The password.' }),
  }),
})

const AuthorizationInput = builder.inputType('ScrapeAuthorizationInput', {
  isOneOf: true,
  description: 'What scrapes are authorized with. It is never shown again.',
  fields: (t) => ({
    bearer: t.string({
      description: `A bearer token: 1 to ${MAX_SECRET} visible ASCII characters, without the word Bearer.`,
    }),
    basic: t.field({ type: BasicInput, description: 'A user and a password, as HTTP basic authentication.' }),
  }),
})

const FamilyMappingInput = builder.inputType('FamilyMappingInput', {
  description: `Maps a family of metrics to a figure.

Example:
\`{ figure: LATENCY, family: "http_request_duration_seconds", unit: SECONDS }\``,
  fields: (t) => ({
    figure: t.field({ type: SourceFigureEnum, required: true, description: 'The figure that the family gives.' }),
    family: t.string({
      required: true,
      description: 'The name of the family, without `_total`, `_bucket`, `_sum` or `_count`.',
    }),
    unit: t.field({ type: FamilyUnitEnum, required: true, description: 'What one of its units is.' }),
  }),
})

const MappingInput = builder.inputType('ScrapeMappingInput', {
  isOneOf: true,
  description: 'How the metrics are read: as those of a known server, or by hand.',
  fields: (t) => ({
    server: t.field({ type: ModelServerEnum, description: 'The kind of model server.' }),
    families: t.field({
      type: [FamilyMappingInput],
      description: 'The families that give the figures, at most one for each figure.',
    }),
  }),
})

export const ScrapeInput = builder.inputType('ScrapeSourceInput', {
  description: `Gaugeline reads the metrics that a model server exposes for Prometheus.

Example:
\`{ url: "http://vllm-0.internal:8000/metrics", labels: [{ name: "model_name", value: "llama-3-8b" }] }\``,
  fields: (t) => ({
    url: t.string({
      required: true,
      description: `The URL of the metrics: http or https, at most ${MAX_SCRAPE_URL} characters, without user, password or fragment. Everybody with the scope READ sees it. Its host must lead to public addresses, or be named in the setting \`SCRAPE_ALLOWED_HOSTS\`.`,
    }),
    intervalSeconds: t.int({ defaultValue: 5, description: `${INTERVAL} The metrics are read as often.` }),
    timeoutSeconds: t.float({
      description:
        'After how many seconds a scrape is given up: from 0.1 to the interval. The interval, but at most 10, when it is left out.',
    }),
    labels: t.field({
      type: [LabelMatcherInput],
      description: `Only series with all of these labels count: at most ${MAX_MATCHERS}. Needed where a server has several models.`,
    }),
    authorization: t.field({
      type: AuthorizationInput,
      description:
        'What scrapes are authorized with. Where a deployment has such a secret already, it stays when this is left out, as long as the scheme, host and port of the URL stay the same; null removes it.',
    }),
    mapping: t.field({
      type: MappingInput,
      description: 'How the metrics are read. The server is recognized by its metrics when it is left out.',
    }),
  }),
})

const ReportInput = builder.inputType('ReportSourceInput', {
  description: 'A program, an SDK or a collector sends the metrics, by OTLP or with `reportInferences`.',
  fields: (t) => ({ intervalSeconds: t.int({ defaultValue: 10, description: INTERVAL }) }),
})

export const SourceInput = builder.inputType('DeploymentSourceInput', {
  isOneOf: true,
  description: `Where the metrics of a deployment come from: exactly one of these.

Example:
\`source: { scrape: { url: "http://vllm-0.internal:8000/metrics" } }\``,
  fields: (t) => ({
    simulated: t.field({ type: SimulatedInput, description: "Gaugeline's own simulator." }),
    scrape: t.field({ type: ScrapeInput, description: 'The metrics that a model server exposes.' }),
    report: t.field({ type: ReportInput, description: 'What a program sends.' }),
  }),
})
