import { reportKey } from '../../../samples/report-key.ts'

/** With so many characters a series of a metric of a process begins: those of its metric and beginning. */
export const INSTRUMENT_CHARACTERS = 8

/**
 * Names a cumulative series. Two replicas may have the same attributes, and one that starts again has them too: each has
 * its own beginning.
 * @param instrument whose metric it is, and which
 * @param series that, and its attributes
 */
export function seriesKey(instrument: string, series: string, startNanos: number): string {
  const key = reportKey(`${series}\n${startNanos}`)
  return reportKey(`${instrument}\n${startNanos}`).slice(0, INSTRUMENT_CHARACTERS) + key.slice(INSTRUMENT_CHARACTERS)
}
