import { eachFigure, type Sample } from '../../live/sample.ts'

/** The key of the track with what the deployments of a model do together. */
export function modelKey(name: string): string {
  return `model ${name}`
}

/**
 * The requests and errors of each model's deployments together. Percentiles cannot be had from those of the parts.
 * `modelOf` says which model a deployment is of.
 */
export function modelTotals(
  samples: ReadonlyMap<string, Sample>,
  modelOf: ReadonlyMap<string, string>,
): Map<string, Sample> {
  const parts = new Map<string, Sample[]>()
  for (const [id, sample] of samples) {
    const model = modelOf.get(id)
    if (model === undefined) continue
    const found = parts.get(model)
    if (found) found.push(sample)
    else parts.set(model, [sample])
  }
  return new Map([...parts].map(([model, all]) => [model, together(all)]))
}

function together(all: readonly Sample[]): Sample {
  const requests = sumOf(all.map((one) => one.requests))
  // A rate of no requests is unknown, and adds no errors.
  const errors = sumOf(all.map((one) => (one.requests === 0 ? 0 : product(one.errorRate, one.requests))))
  return {
    ...eachFigure(() => null),
    at: Math.max(...all.map(({ at }) => at)),
    windowMs: Math.max(...all.map(({ windowMs }) => windowMs)),
    requests,
    requestsPerSecond: sumOf(all.map((one) => one.requestsPerSecond)),
    errorRate: requests === null || requests === 0 || errors === null ? null : errors / requests,
  }
}

/** `null` if one of them is unknown. */
function sumOf(values: readonly (number | null)[]): number | null {
  let sum = 0
  for (const value of values) {
    if (value === null) return null
    sum += value
  }
  return sum
}

function product(a: number | null, b: number | null): number | null {
  return a === null || b === null ? null : a * b
}
