import { useEffect, useState } from 'react'
import { graphql } from '../../graphql/documents.ts'
import { DEFAULT_OVER_SECONDS } from '../../live/fleet-figures.ts'
import { type Sample, toSample } from '../../live/sample.ts'
import { useTrack } from '../../live/use-track.ts'
import { useServices } from '../../services.ts'
import { type Details, toDetails } from '../history/details.ts'

const TrailingMetricsDocument = graphql(`
  subscription TrailingMetrics($id: ID!, $over: Int, $bounds: Boolean! = true) {
    inferenceMetrics(deploymentId: $id, over: $over) {
      cursor
      metrics {
        ...Figures_metrics
        ...Details_metrics
      }
    }
  }
`)

interface Latest {
  figures: Sample | undefined
  /** Not before the deployment's own have come: lists have no details. */
  details: Details | undefined
}

/** The figures of the last minute of one deployment, merged; those of the list until its own have come. */
export function useLatestMetrics(id: string): Latest {
  const { streams, fleet } = useServices()
  const [details, setDetails] = useState<Details>()
  useEffect(() => {
    fleet.showOver(DEFAULT_OVER_SECONDS)
    const variables = { id, over: DEFAULT_OVER_SECONDS }
    return streams.follow(TrailingMetricsDocument, variables, {
      next({ data }) {
        if (!data) return
        const { metrics } = data.inferenceMetrics
        fleet.add(id, toSample(metrics))
        setDetails(toDetails(metrics))
      },
    })
  }, [streams, fleet, id])
  return { figures: useTrack(fleet, id), details }
}
