import { useSyncExternalStore } from 'react'
import { AXIS_WIDTH, PADDING_RIGHT } from '../../charts/axis.ts'
import { cx } from '../../ui/class-names.ts'
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
            <span
              tabIndex={0}
              role="img"
              aria-label={mark.words}
              // As generated content, the words are not on the page twice.
              data-words={mark.words}
              onFocus={() => cursor.set(mark.at)}
              onBlur={() => cursor.set(null)}
              className={cx(
                'absolute -left-2.5 flex h-5 w-5 items-end justify-center text-muted hover:text-accent focus-visible:text-accent',
                'after:pointer-events-none after:absolute after:bottom-full after:z-10 after:mb-1 after:hidden after:rounded-md after:border after:border-line after:bg-raised after:px-2 after:py-1 after:text-xs after:whitespace-nowrap after:text-text after:shadow-float after:content-[attr(data-words)] hover:after:block focus-visible:after:block',
                sideOf(share),
              )}
            >
              <span aria-hidden="true" className="border-x-4 border-t-6 border-x-transparent border-t-current" />
            </span>
          </li>
        )
      })}
    </ul>
  )
}

/** Near the edges, the words go inwards. */
function sideOf(share: number): string {
  if (share < 20) return 'after:left-0'
  return share > 80 ? 'after:right-0' : 'after:left-1/2 after:-translate-x-1/2'
}

function placesOf(marks: readonly EventMark[], [from, to]: [number, number]): string {
  const share = ({ at }: EventMark) => Math.round(((at - from) / (to - from)) * 1000) / 10
  return JSON.stringify(marks.map((mark) => (mark.at < from || mark.at > to ? null : share(mark))))
}
