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

/**
 * What ended, by the best that there is: of a model server, of who calls it, of whatever serves HTTP. `error.type` is
 * there when a request failed.
 */
const DURATIONS = [
  ...histogram('gen_ai.server.request.duration'),
  ...histogram('gen_ai.client.operation.duration'),
  ...histogram('http.server.request.duration'),
]

const tokens = (type: 'input' | 'output'): readonly FamilyRule[] => [
  { family: 'gen_ai.client.token.usage', part: 'sum', where: { 'gen_ai.token.type': [type] } },
  { family: 'gen_ai_client_token_usage', part: 'sum', where: { gen_ai_token_type: [type] } },
]

export const OPEN_TELEMETRY: ServerMapping = {
  server: 'OPEN_TELEMETRY',
  title: 'OpenTelemetry',
  knownBy: DURATIONS.map(({ family }) => family),
  modelLabels: ['gen_ai.request.model', 'gen_ai_request_model'],
  figures: {
    requests: [DURATIONS.map(({ family }) => ({ family, part: 'count' as const }))],
    errors: [
      DURATIONS.map(({ family }) => {
        const label = family.includes('.') ? 'error.type' : 'error_type'
        return { family, part: 'count' as const, whereNot: { [label]: [''] }, reason: label }
      }),
    ],
    latency: [DURATIONS],
    timeToFirstToken: [histogram('gen_ai.server.time_to_first_token')],
    interTokenLatency: [histogram('gen_ai.server.time_per_output_token')],
    promptTokens: [tokens('input')],
    generatedTokens: [tokens('output')],
    inFlight: [[{ family: 'http.server.active_requests' }, { family: 'http_server_active_requests' }]],
  },
  unknown: [],
}
