import { expect, it } from 'vitest'
import { otlpEnvironment } from './report-snippet.ts'

it('The environment for OpenTelemetry names the endpoint, the token and the deployment, encoded as its values are', () => {
  const lines = otlpEnvironment({ server: 'https://a.example/gauges', deploymentId: 'RGVw=', token: 'secret' }).split(
    '\n',
  )
  expect(lines).toContain('OTEL_EXPORTER_OTLP_METRICS_ENDPOINT=https://a.example/gauges/v1/metrics')
  expect(lines).toContain('OTEL_EXPORTER_OTLP_METRICS_HEADERS=authorization=Bearer%20secret')
  // Otherwise a percentile of latencies in seconds is whatever is below 5 s.
  expect(lines).toContain('OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION=base2_exponential_bucket_histogram')
  expect(lines).toContain('OTEL_RESOURCE_ATTRIBUTES=gaugeline.deployment.id=RGVw%3D')
  expect(otlpEnvironment({ server: '', deploymentId: 'a' })).toContain('Bearer%20<token>')
})
