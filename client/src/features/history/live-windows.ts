import { graphql } from '../../graphql/documents.ts'
import type { Streams } from '../../graphql/streams.ts'
import { toSample } from '../../live/sample.ts'
import { toDetails } from './details.ts'
import { liveResolution } from './resolution.ts'
import type { HistoryPoint } from './series-columns.ts'

const LiveWindowsDocument = graphql(`
  subscription LiveWindows(
    $id: ID!
    $after: SampleCursor
    $resolution: Int
    $buckets: Boolean! = false
    $details: Boolean! = false
    $bounds: Boolean! = false
  ) {
    inferenceMetrics(deploymentId: $id, after: $after, resolution: $resolution) {
      cursor
      skipped
      metrics {
        ...Figures_metrics
        ...Details_metrics @include(if: $details)
        latency @include(if: $buckets) {
          buckets(perDoubling: 2) {
            lowMs
            count
          }
        }
      }
    }
  }
`)

export interface LiveWindowsOptions {
  id: string
  /** The cursor of the last window that is known. */
  after: string | undefined
  stepSeconds: number
  buckets: boolean
  details: boolean
  bounds: boolean
}

interface Sink {
  /** `skipped` is how many windows were left out before this one. */
  next: (point: HistoryPoint, skipped: number) => void
  restarted: () => void
}

/** Calls back with each new window of a deployment. Call the returned function to stop. */
export function followWindows(
  streams: Pick<Streams, 'follow'>,
  { id, after, stepSeconds, ...asked }: LiveWindowsOptions,
  sink: Sink,
): () => void {
  const resolution = liveResolution(stepSeconds)
  const variables = { id, ...asked, ...(after ? { after } : {}), ...(resolution ? { resolution } : {}) }
  return streams.follow(LiveWindowsDocument, variables, {
    next({ data }) {
      if (!data) return
      const { skipped, metrics } = data.inferenceMetrics
      const details = asked.details ? toDetails(metrics) : undefined
      sink.next({ ...toSample(metrics), buckets: metrics.latency?.buckets, details }, skipped)
    },
    restarted: sink.restarted,
  })
}
