import { useSubscription } from 'urql'
import { graphql } from '../../graphql/documents.ts'

const LiveEventsDocument = graphql(`
  subscription LiveEvents($after: EventCursor) {
    deploymentEvents(after: $after) {
      cursor
      event {
        id
        kind
        by
        deploymentId
        modelName
        version
        deployment {
          id
          ...DeploymentsTable_deployment
          ...DeploymentHeader_deployment
          trainingJob {
            id
            ...DeployButton_trainingJob
          }
        }
      }
    }
  }
`)

const WORDS = { DEPLOYED: 'deployed', PAUSED: 'paused', RESUMED: 'resumed', DELETED: 'deleted' } as const

/**
 * Follows what everybody does to deployments, on every page, which keeps the cache true (see `graphql/cache.ts`), and
 * tells screen readers. It also holds the connection, so its state is known wherever one is.
 */
export function LiveEvents() {
  const [{ data }] = useSubscription({ query: LiveEventsDocument, variables: {} })
  const event = data?.deploymentEvents.event
  return (
    <p className="sr-only" aria-live="polite">
      {event && `${event.modelName} ${event.version} was ${WORDS[event.kind]} by ${event.by}`}
    </p>
  )
}
