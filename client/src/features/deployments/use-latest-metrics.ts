import { useEffect } from 'react'
import { graphql } from '../../graphql/documents.ts'
import { type Sample, toSample } from '../../live/sample.ts'
import { useTrack } from '../../live/use-track.ts'
import { useServices } from '../../services.ts'

const TrailingMetricsDocument = graphql(`
  subscription TrailingMetrics($id: ID!, $over: Int) {
    inferenceMetrics(deploymentId: $id, over: $over) {
      cursor
      metrics {
        ...Figures_metrics
      }
    }
  }
`)

/** Follows the figures of the seconds before now, merged, of one deployment. */
export function useLatestMetrics(id: string, over: number): Sample | undefined {
  const { streams, fleet } = useServices()
  const key = `${id} over ${over}`
  useEffect(
    () =>
      streams.follow(
        TrailingMetricsDocument,
        { id, over },
        {
          next({ data }) {
            if (data) fleet.add(key, toSample(data.inferenceMetrics.metrics))
          },
        },
      ),
    [streams, fleet, id, key, over],
  )
  return useTrack(fleet, key)
}
