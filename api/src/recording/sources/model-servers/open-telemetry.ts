import type { FamilyRule, ServerMapping } from './mapping.ts'

/**
 * https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-metrics/ Both spellings: that of OpenTelemetry, and what
 * becomes of it in an exposition for Prometheus, with the unit in the name.
 */
const histogram = (name: string): readonly FamilyRule[] => [
  { family: name, scale: 1000 },
  { family: `${name.replaceAll('.', '_')}_seconds`, scale: 1000 },
  { family: name.replaceAll('.', '_'), scale: 1000 },
]

/** What a program measures around calls of a model is no request of its own. */
const NO_REQUESTS = ['create_agent', 'invoke_agent', 'invoke_workflow', 'execute_tool']

const OPERATIONS = histogram('gen_ai.client.operation.duration').map((rule) => ({
  ...rule,
  whereNot: { [labelIn(rule, 'gen_ai.operation.name')]: NO_REQUESTS },
}))

/**
 * What ended, by the best that there is: of a model server, of who calls it, of whatever serves HTTP. `error.type` is
 * there when a request failed.
 */
const DURATIONS: readonly FamilyRule[] = [
  ...histogram('gen_ai.server.request.duration'),
  ...OPERATIONS,
  ...histogram('http.server.request.duration'),
]

const failures = ({ family, whereNot }: FamilyRule): FamilyRule => {
  const reason = labelIn({ family }, 'error.type')
  return { family, part: 'count', whereNot: { ...whereNot, [reason]: [''] }, reason }
}

const tokens = (type: 'input' | 'output'): readonly FamilyRule[] => [
  { family: 'gen_ai.client.token.usage', part: 'sum', where: { 'gen_ai.token.type': [type] } },
  { family: 'gen_ai_client_token_usage', part: 'sum', where: { gen_ai_token_type: [type] } },
]

/** A label in the spelling of its family. */
function labelIn({ family }: Pick<FamilyRule, 'family'>, label: string): string {
  return family.includes('.') ? label : label.replaceAll('.', '_')
}

export const OPEN_TELEMETRY: ServerMapping = {
  server: 'OPEN_TELEMETRY',
  title: 'OpenTelemetry',
  knownBy: DURATIONS.map(({ family }) => family),
  modelLabels: ['gen_ai.request.model', 'gen_ai_request_model'],
  figures: {
    requests: [DURATIONS.map(({ scale: _, ...rule }) => ({ ...rule, part: 'count' }))],
    errors: [DURATIONS.map(failures)],
    latency: [DURATIONS],
    timeToFirstToken: [histogram('gen_ai.server.time_to_first_token')],
    interTokenLatency: [histogram('gen_ai.server.time_per_output_token')],
    promptTokens: [tokens('input')],
    generatedTokens: [tokens('output')],
    inFlight: [[{ family: 'http.server.active_requests' }, { family: 'http_server_active_requests' }]],
  },
  unknown: [
    'Where only http.server.request.duration is there, every request that the server answers counts, whatever it asks for.',
  ],
}
