import { gaussian } from './deterministic.ts'

export interface CurveShape {
  /** Loss before training, and where it levels off. */
  startLoss: number
  endLoss: number
  /** Accuracy that the curve tends to; null when the run measures none. */
  endAccuracy: number | null
  /** How many exponential time constants the whole run takes. */
  steepness: number
  /** Points of the whole run, and the training steps between two of them. */
  points: number
  stepSize: number
  /** The loss runs away at the end. */
  diverges: boolean
}

export interface CurvePoint {
  step: number
  loss: number
  accuracy: number | null
}

/** The first `fraction` of a run: a falling exponential with the correlated, shrinking noise of mini-batches. */
export function lossCurve(shape: CurveShape, fraction: number, random: () => number): CurvePoint[] {
  const { startLoss, endLoss, endAccuracy, steepness, points, stepSize } = shape
  const count = Math.floor(points * fraction)
  const curve: CurvePoint[] = []
  let noise = 0
  for (let index = 1; index <= count; index += 1) {
    const decay = Math.exp((-steepness * index) / points)
    noise = 0.6 * noise + 0.4 * gaussian(random)
    const runaway = shape.diverges ? 1 + 160 * Math.max(0, index / count - 0.85) ** 2 : 1
    const loss = (endLoss + (startLoss - endLoss) * decay) * (1 + noise * (0.02 + 0.06 * decay)) * runaway
    curve.push({
      step: index * stepSize,
      loss: round(Math.max(loss, 0.0001)),
      accuracy:
        endAccuracy === null ? null : round(clamp(endAccuracy * (1 - 0.85 * decay) - 0.012 * noise * (0.3 + decay))),
    })
  }
  return curve
}

const round = (value: number) => Math.round(value * 10_000) / 10_000
const clamp = (value: number) => Math.min(Math.max(value, 0), 0.9999)
