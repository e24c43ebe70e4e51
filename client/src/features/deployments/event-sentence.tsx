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

const WORDS: Record<EventSentence_EventFragment['kind'], string> = {
  DEPLOYED: 'Deployed',
  PAUSED: 'Paused',
  RESUMED: 'Resumed',
  DELETED: 'Deleted',
  SOURCE_CHANGED: 'Source changed',
  SOURCE_UP: 'Source up',
  SOURCE_DEGRADED: 'Source degraded',
  SOURCE_DOWN: 'Source down',
}
/** These are found by Gaugeline itself: nobody has done them. */
const HEALTH: ReadonlySet<EventSentence_EventFragment['kind']> = new Set([
  'SOURCE_UP',
  'SOURCE_DEGRADED',
  'SOURCE_DOWN',
])

/** `Paused by amira`, `Source down` */
export function eventWords({ kind, by }: Pick<EventSentence_EventFragment, 'kind' | 'by'>): string {
  return HEALTH.has(kind) ? WORDS[kind] : `${WORDS[kind]} by ${by}`
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
        {event.note && (
          <span className="wrap-anywhere">: {HEALTH.has(event.kind) ? event.note : `“${event.note}”`}</span>
        )}
      </span>
    </>
  )
}
