import type { ServerMapping } from './mapping.ts'

/** https://docs.bentoml.com/en/latest/build-with-bentoml/observability/metrics.html What was answered with 5xx failed. */
export const BENTOML: ServerMapping = {
  server: 'BENTOML',
  title: 'BentoML',
  knownBy: [
    'bentoml_service_request',
    'bentoml_service_request_duration_seconds',
    'bentoml_service_request_in_progress',
    'bentoml_api_server_request',
  ],
  modelLabels: ['service_name'],
  figures: {
    requests: [[{ family: 'bentoml_service_request' }, { family: 'bentoml_api_server_request' }]],
    errors: [
      [
        {
          family: 'bentoml_service_request',
          where: { http_response_code: ['5*'] },
          reason: 'http_response_code',
        },
        {
          family: 'bentoml_api_server_request',
          where: { http_response_code: ['5*'] },
          reason: 'http_response_code',
        },
      ],
    ],
    latency: [
      [
        { family: 'bentoml_service_request_duration_seconds', scale: 1000 },
        { family: 'bentoml_api_server_request_duration_seconds', scale: 1000 },
      ],
    ],
    inFlight: [
      [{ family: 'bentoml_service_request_in_progress' }, { family: 'bentoml_api_server_request_in_progress' }],
    ],
  },
  unknown: [],
}
