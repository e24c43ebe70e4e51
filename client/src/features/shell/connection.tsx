import { type Connection, connection, type ConnectionName, isLost } from '../../graphql/connection.ts'
import { useClock } from '../../live/clock.ts'
import { span, timeOfDay } from '../../ui/format.ts'
import { useStore } from '../../ui/external-store.ts'
import { Status, type Tone } from '../../ui/status.tsx'
import { cx } from '../../ui/class-names.ts'

const STATES: Record<ConnectionName, { tone: Tone; word: string }> = {
  connecting: { tone: 'busy', word: 'Connecting' },
  live: { tone: 'ok', word: 'Live' },
  paused: { tone: 'busy', word: 'Connecting' },
  asking: { tone: 'quiet', word: 'Every 5 s' },
  reconnecting: { tone: 'warn', word: 'Reconnecting' },
  offline: { tone: 'bad', word: 'Offline' },
}

/** Why the page is kept up to date in another way than usual. */
function explanation({ name, via }: Connection): string | undefined {
  if (via === 'websocket') return undefined
  const blocked = 'WebSocket is blocked on this network.'
  if (name === 'live') return `${blocked} The figures of this page are live over SSE; the rest is up to 5 s old.`
  if (name === 'asking') return `${blocked} This browser has no connection to spare for this tab, which asks every 5 s.`
  return undefined
}

/** The state of the connection as a shape and a word, always in the same place and with the same width. */
export function ConnectionBadge() {
  const current = useStore(connection)
  const { name, via } = current
  const { tone, word } = STATES[name]
  return (
    <span
      role="status"
      data-connection={name}
      data-via={via}
      title={explanation(current)}
      className="mr-2 inline-flex h-8 w-26 items-center justify-end text-muted"
    >
      <Status tone={tone}>{word}</Status>
    </span>
  )
}

/** Says that the page is no longer live, and since when. It lies over the page, so that nothing moves. */
export function ConnectionBar() {
  const current = useStore(connection)
  if (!isLost(current)) return null
  return (
    <div
      role="alert"
      className={cx(
        'fixed inset-x-0 top-0 z-30 flex justify-center gap-1.5 border-b border-warn bg-warn-ground px-4',
        'py-px text-xs',
      )}
    >
      <span className="font-medium">{current.name === 'offline' ? 'This device is offline' : 'Connection lost'}</span>
      <span>
        since {timeOfDay(new Date(current.since))} (<Elapsed since={current.since} />)
      </span>
      <span className="hidden sm:inline">· these figures are from before; they catch up automatically</span>
    </div>
  )
}

function Elapsed({ since }: { since: number }) {
  // Hidden from screen readers: they read the alert once, and should not read every tick.
  return <span aria-hidden="true">{useClock((now) => span(now - since))}</span>
}
