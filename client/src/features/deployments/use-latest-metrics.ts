import { useEffect } from 'react'
import { graphql } from '../../graphql/documents.ts'
import { DEFAULT_OVER_SECONDS } from '../../live/fleet-figures.ts'
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

/** The figures of the last minute of one deployment, merged; those of the list until its own have come. */
export function useLatestMetrics(id: string): Sample | undefined {
  const { streams, fleet } = useServices()
  useEffect(() => {
    fleet.showOver(DEFAULT_OVER_SECONDS)
    const variables = { id, over: DEFAULT_OVER_SECONDS }
    return streams.follow(TrailingMetricsDocument, variables, {
      next({ data }) {
        if (data) fleet.add(id, toSample(data.inferenceMetrics.metrics))
      },
    })
  }, [streams, fleet, id])
  return useTrack(fleet, id)
}
