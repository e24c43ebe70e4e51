import { useSyncExternalStore } from 'react'
import { useStore } from '../../ui/external-store.ts'
import { moment, timeOfDay, written } from '../../ui/format.ts'
import type { Figure } from '../../live/sample.ts'
import type { ChartGroup } from './chart-group.ts'
import { FIGURE_WORDS } from './figures.ts'

interface CrosshairSliderProps {
  group: ChartGroup
  /** The figures of the first subject to read aloud. */
  figures: readonly Figure[]
}

/**
 * The crosshair for the keyboard: a slider over the windows of the first subject, which a screen reader reads with their
 * figures. It is seen only while it has the focus.
 */
export function CrosshairSlider({ group, figures }: CrosshairSliderProps) {
  const { feed, cursor } = group
  useSyncExternalStore(feed.subscribe, () => feed.version)
  const at = useStore(cursor)
  const series = feed.series(0)
  const { times } = series
  const index = at === null ? times.length - 1 : Math.max(0, series.indexAt(at, feed.stepSeconds))
  const time = times[index]
  if (time === undefined) return null
  const moveTo = (next: number) => cursor.set(times[next] ?? time)
  const values = figures.map((figure) => {
    const { name, write } = FIGURE_WORDS[figure]
    return `${name} ${written(write(series.figures[figure][index] ?? null))}`
  })
  return (
    <input
      type="range"
      aria-label="Read the charts window by window"
      aria-valuetext={`${moment(new Date(time * 1000))}, ${timeOfDay(new Date(time * 1000))}: ${values.join(', ')}`}
      min={0}
      max={Math.max(1, times.length - 1)}
      value={index}
      onChange={(event) => moveTo(Number(event.target.value))}
      onFocus={() => moveTo(index)}
      onBlur={() => cursor.set(null)}
      onKeyDown={({ key }) => key === 'Escape' && cursor.set(null)}
      className="sr-only h-5 accent-accent focus-visible:not-sr-only focus-visible:w-full"
    />
  )
}
