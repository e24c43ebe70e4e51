/** Stands where the token goes until there is one. */
const NO_TOKEN = '<token>'

interface ReportSnippetOptions {
  /** Where the server is, with the path that it is served below. */
  server: string
  deploymentId: string
  intervalSeconds?: number
  token?: string | undefined
}

const MS = 1000

/**
 * The environment that has an OpenTelemetry SDK send its metrics here. A token may report for more than one deployment,
 * so the resource names it. The names are those of the OpenTelemetry specification of exporters.
 */
export function otlpEnvironment({ server, deploymentId, intervalSeconds = 10, token }: ReportSnippetOptions): string {
  return [
    `OTEL_EXPORTER_OTLP_METRICS_ENDPOINT=${server}/v1/metrics`,
    'OTEL_EXPORTER_OTLP_METRICS_PROTOCOL=http/protobuf',
    // The values of headers are percent-encoded.
    `OTEL_EXPORTER_OTLP_METRICS_HEADERS=authorization=Bearer%20${token ?? NO_TOKEN}`,
    // The default buckets are made for milliseconds: of seconds, nearly all would be in the lowest one.
    'OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION=base2_exponential_bucket_histogram',
    `OTEL_METRIC_EXPORT_INTERVAL=${intervalSeconds * MS}`,
    `OTEL_RESOURCE_ATTRIBUTES=gaugeline.deployment.id=${encodeURIComponent(deploymentId)}`,
  ].join('\n')
}
