import type { ServerMapping } from '../model-servers/mapping.ts'

export const OPEN_TELEMETRY: ServerMapping = {
  server: 'OPEN_TELEMETRY',
  title: 'OpenTelemetry',
  knownBy: ['gen_ai.server.request.duration'],
  modelLabels: ['gen_ai.request.model'],
  figures: {
    requests: [[{ family: 'gen_ai.server.request.duration', part: 'count' }]],
    errors: [
      [
        {
          family: 'gen_ai.server.request.duration',
          part: 'count',
          whereNot: { 'error.type': [''] },
          reason: 'error.type',
        },
      ],
    ],
    latency: [[{ family: 'gen_ai.server.request.duration', scale: 1000 }]],
    timeToFirstToken: [[{ family: 'gen_ai.server.time_to_first_token', scale: 1000 }]],
    interTokenLatency: [[{ family: 'gen_ai.server.time_per_output_token', scale: 1000 }]],
    promptTokens: [[{ family: 'gen_ai.client.token.usage', part: 'sum', where: { 'gen_ai.token.type': ['input'] } }]],
    generatedTokens: [
      [{ family: 'gen_ai.client.token.usage', part: 'sum', where: { 'gen_ai.token.type': ['output'] } }],
    ],
  },
  unknown: [],
}
