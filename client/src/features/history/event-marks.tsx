import { useSyncExternalStore } from 'react'
import { AXIS_WIDTH, PADDING_RIGHT } from '../../charts/axis.ts'
import type { ChartGroup, EventMark } from './chart-group.ts'

/** Flags over the first chart for what happened in the range. Each says it when it is hovered or focused. */
export function EventMarks({ group }: { group: ChartGroup }) {
  const { feed, marks, cursor } = group
  // The range moves with every window; the flags need to only when they move by a tenth of a per cent.
  const placed = useSyncExternalStore(feed.subscribe, () => placesOf(marks, feed.range()))
  const places = JSON.parse(placed) as (number | null)[]
  return (
    <ul
      aria-label="Events in this range"
      className="relative h-5"
      style={{ marginLeft: AXIS_WIDTH, marginRight: PADDING_RIGHT }}
    >
      {marks.map((mark, index) => {
        const share = places[index] ?? null
        if (share === null) return null
        return (
          <li key={`${mark.at} ${mark.words}`} className="absolute top-0" style={{ left: `${share}%` }}>
            <button
              type="button"
              aria-label={mark.words}
              onFocus={() => cursor.set(mark.at)}
              onBlur={() => cursor.set(null)}
              className="group absolute -left-2.5 flex h-5 w-5 items-end justify-center"
            >
              <span
                aria-hidden="true"
                className="border-x-4 border-t-6 border-x-transparent border-t-muted group-hover:border-t-accent group-focus-visible:border-t-accent"
              />
              <span
                aria-hidden="true"
                className={`pointer-events-none absolute bottom-full z-10 mb-1 hidden rounded-md border border-line bg-raised px-2 py-1 text-xs whitespace-nowrap shadow-float group-hover:block group-focus-visible:block ${sideOf(share)}`}
              >
                {mark.words}
              </span>
            </button>
          </li>
        )
      })}
    </ul>
  )
}

/** Near the edges, the words go inwards. */
function sideOf(share: number): string {
  if (share < 20) return 'left-0'
  return share > 80 ? 'right-0' : 'left-1/2 -translate-x-1/2'
}

function placesOf(marks: readonly EventMark[], [from, to]: [number, number]): string {
  const share = ({ at }: EventMark) => Math.round(((at - from) / (to - from)) * 1000) / 10
  return JSON.stringify(marks.map((mark) => (mark.at < from || mark.at > to ? null : share(mark))))
}
