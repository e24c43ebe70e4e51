import { useEffect, useRef } from 'react'
import type { FleetFigures } from '../live/fleet-figures.ts'
import type { Figure } from '../live/sample.ts'
import { theme } from '../ui/theme.ts'
import { chartColours } from './colours.ts'
import { sparkRuns } from './prepare.ts'

const SPAN_SECONDS = 120
/** What fills a sparkline at first are windows of this length. */
const STEP_SECONDS = 10

interface SparklineProps {
  fleet: FleetFigures
  /** The key of the track to draw; see `FleetFigures.track`. */
  track: string
  figure: Figure
  width: number
  height: number
}

/** Two minutes of one figure. Redrawn from the ring whenever it changes, without React. */
export function Sparkline({ fleet, track, figure, width, height }: SparklineProps) {
  const canvas = useRef<HTMLCanvasElement>(null)
  useEffect(() => {
    const element = canvas.current
    const context = element?.getContext('2d')
    if (!element || !context) return
    const draw = () => {
      const ratio = devicePixelRatio || 1
      if (element.width !== Math.round(width * ratio)) {
        element.width = Math.round(width * ratio)
        element.height = Math.round(height * ratio)
      }
      context.setTransform(ratio, 0, 0, ratio, 0, 0)
      context.clearRect(0, 0, width, height)
      const { ring } = fleet.track(track)
      const to = ring.newest
      if (!Number.isFinite(to)) return
      const runs = sparkRuns(
        { times: ring.times(), values: ring.column(figure) },
        { from: to - SPAN_SECONDS, to, width: width - 2, height, stepSeconds: STEP_SECONDS },
      )
      context.strokeStyle = chartColours().series
      context.lineWidth = 1.25
      context.lineJoin = 'round'
      context.beginPath()
      for (const run of runs) {
        for (const [index, [x, y]] of run.entries()) {
          if (index === 0) context.moveTo(x, y)
          else context.lineTo(x, y)
          // A single window is a point, and would otherwise be invisible.
          if (run.length === 1) context.lineTo(x + 1, y)
        }
      }
      context.stroke()
    }
    draw()
    const stops = [fleet.subscribe(track, draw), theme.subscribe(draw)]
    return () => {
      for (const stop of stops) stop()
    }
  }, [fleet, track, figure, width, height])
  return <canvas ref={canvas} style={{ width, height }} aria-hidden="true" className="block" />
}
