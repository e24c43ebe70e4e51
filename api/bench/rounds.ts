import { median } from '../test/process/soak-figures.ts'

/** How thorough a run is. */
export interface Run {
  /** For a test: as short as can be, its figures mean nothing. */
  quick: boolean
  rounds: number
  log: (line: string) => void
}

/** What was measured of one contestant, round by round; and why, where a round came to nothing. */
export interface Measured<Measurement> {
  name: string
  measurements: Measurement[]
  failures: string[]
}

/** Measures one contestant after the other, again and again, so that what else the machine does meets all alike. */
export async function interleaved<Contestant extends { name: string }, Measurement>(
  { rounds, log }: Run,
  contestants: readonly Contestant[],
  measure: (contestant: Contestant) => Promise<Measurement>,
): Promise<Measured<Measurement>[]> {
  const measured = contestants.map(({ name }): Measured<Measurement> => ({ name, measurements: [], failures: [] }))
  for (let round = 1; round <= rounds; round += 1) {
    for (const [at, contestant] of contestants.entries()) {
      log(`  round ${round} of ${rounds}: ${contestant.name}`)
      try {
        measured[at]?.measurements.push(await measure(contestant))
      } catch (error) {
        const failure = error instanceof Error ? error.message : String(error)
        log(`  ${contestant.name} failed: ${failure}`)
        measured[at]?.failures.push(failure)
      }
    }
  }
  return measured
}

export function medianOf<Measurement>(
  measurements: readonly Measurement[],
  value: (measurement: Measurement) => number,
): number {
  return median(measurements.map(value))
}

export function sumOf<Measurement>(
  measurements: readonly Measurement[],
  value: (measurement: Measurement) => number,
): number {
  return measurements.reduce((sum, each) => sum + value(each), 0)
}

export const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))
