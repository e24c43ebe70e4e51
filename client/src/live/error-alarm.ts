import { type ErrorLevel, errorLevel } from '../ui/format.ts'
import type { Sample } from './sample.ts'

/** One or two failed requests say nothing of a rate. */
const LEAST_ERRORS = 3
/** How long the rate must stay below a level for the alarm to leave it. */
const CALM_AFTER_MS = 30_000

const ORDER: readonly ErrorLevel[] = ['none', 'raised', 'high']

/**
 * How alarming the errors of a series are, by its samples one after the other: raised and high at once, and back only
 * after 30 seconds, so that a rate around the limit does not make the page blink.
 */
export class ErrorAlarm {
  level: ErrorLevel = 'none'
  /** Since when there has been an alarm, in ms since 1970. */
  sinceMs = 0
  #lastAtLevelMs = 0

  add(sample: Sample): void {
    const endMs = sample.at + sample.windowMs
    const now = levelOf(sample)
    if (ORDER.indexOf(now) >= ORDER.indexOf(this.level)) this.#lastAtLevelMs = endMs
    else if (endMs - this.#lastAtLevelMs < CALM_AFTER_MS) return
    if (this.level === 'none' && now !== 'none') this.sinceMs = endMs
    this.level = now
    this.#lastAtLevelMs = endMs
  }
}

/** The level of one window by itself. */
export function levelOf({ errorRate, requests }: Pick<Sample, 'errorRate' | 'requests'>): ErrorLevel {
  const errors = Math.round((errorRate ?? 0) * (requests ?? Infinity))
  return errors >= LEAST_ERRORS ? errorLevel(errorRate) : 'none'
}
