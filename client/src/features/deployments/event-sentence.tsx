import { type FragmentType, graphql, readFragment } from '../../graphql/documents.ts'
import type { EventSentence_EventFragment } from '../../graphql/gql/graphql.ts'
import { serverNow, useClock } from '../../live/clock.ts'
import { moment, span } from '../../ui/format.ts'

export const EventSentenceFragment = graphql(`
  fragment EventSentence_event on DeploymentEvent {
    id
    kind
    at
    by
    note
  }
`)

const WORDS = { DEPLOYED: 'Deployed', PAUSED: 'Paused', RESUMED: 'Resumed', DELETED: 'Deleted' } as const

/** `Paused by amira` */
export function eventWords({ kind, by }: Pick<EventSentence_EventFragment, 'kind' | 'by'>): string {
  return `${WORDS[kind]} by ${by}`
}

/** One event as a sentence: `Paused by amira, 14:02, 3 d ago`. */
export function EventSentence({ event: masked }: { event: FragmentType<typeof EventSentenceFragment> }) {
  const event = readFragment(EventSentenceFragment, masked)
  const ago = useClock((now) => span(serverNow(now) - Date.parse(event.at)))
  return (
    <>
      <span className="wrap-anywhere">{eventWords(event)}</span>
      <span className="text-muted">
        , <time dateTime={event.at}>{moment(new Date(event.at))}</time>, {ago} ago
        {event.note && <span className="wrap-anywhere">: “{event.note}”</span>}
      </span>
    </>
  )
}
