import { useState } from 'react'
import { useSubscription } from 'urql'
import { graphql } from '../../graphql/documents.ts'
import { firstCursor } from './first-cursor.ts'

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
 * Subscribes to the events of all deployments, on every page. They keep the cache up to date (see `graphql/cache.ts`)
 * and are announced to screen readers. The subscription also keeps a connection open, so that every page can show its
 * state.
 */
export function LiveEvents() {
  const [variables] = useState(() => ({ after: firstCursor() }))
  const [{ data }] = useSubscription({ query: LiveEventsDocument, variables })
  const event = data?.deploymentEvents.event
  return (
    <p className="sr-only" aria-live="polite">
      {event && `${event.modelName} ${event.version} was ${WORDS[event.kind]} by ${event.by}`}
    </p>
  )
}
