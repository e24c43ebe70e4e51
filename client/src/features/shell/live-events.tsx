import { useState } from 'react'
import { useSubscription } from 'urql'
import { graphql } from '../../graphql/documents.ts'
import type { LiveEventsSubscription } from '../../graphql/gql/graphql.ts'
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

type Event = LiveEventsSubscription['deploymentEvents']['event']

const WORDS: Record<Event['kind'], (by: string) => string> = {
  DEPLOYED: (by) => `was deployed by ${by}`,
  PAUSED: (by) => `was paused by ${by}`,
  RESUMED: (by) => `was resumed by ${by}`,
  DELETED: (by) => `was deleted by ${by}`,
  SOURCE_CHANGED: (by) => `was given another source by ${by}`,
  SOURCE_UP: () => 'has a source that answers',
  SOURCE_DEGRADED: () => 'has a source that fails at times',
  SOURCE_DOWN: () => 'has a source that is down',
}

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
      {event && `${event.modelName} ${event.version} ${WORDS[event.kind](event.by)}`}
    </p>
  )
}
