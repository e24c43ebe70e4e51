import { median } from '../test/process/soak-figures.ts'

/** How thorough a run is. */
export interface Run {
  /** For a test: as short as can be, its figures mean nothing. */
  quick: boolean
  rounds: number
  /** Gaugeline alone, without its references. */
  alone: boolean
  log: (line: string) => void
}

/** What was measured of one contestant, round by round; and why, where a round came to nothing. */
export interface Measured<Measurement> {
  name: string
  measurements: Measurement[]
  failures: string[]
}

/** How many contestants a quick run measures at once: most of the time they wait. */
const QUICK_AT_ONCE = 4

/**
 * Measures one contestant after the other, again and again, so that whatever else the machine does affects all of them
 * alike. A quick run, whose figures mean nothing, measures several at once.
 */
export async function interleaved<Contestant extends { name: string }, Measurement>(
  { quick, rounds, log }: Run,
  contestants: readonly Contestant[],
  measure: (contestant: Contestant) => Promise<Measurement>,
): Promise<Measured<Measurement>[]> {
  const measured = contestants.map(({ name }): Measured<Measurement> => ({ name, measurements: [], failures: [] }))
  async function measureNext(round: number, waiting: IterableIterator<[number, Contestant]>): Promise<void> {
    for (const [at, contestant] of waiting) {
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
  for (let round = 1; round <= rounds; round += 1) {
    const waiting = contestants.entries()
    await Promise.all(Array.from({ length: quick ? QUICK_AT_ONCE : 1 }, () => measureNext(round, waiting)))
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
