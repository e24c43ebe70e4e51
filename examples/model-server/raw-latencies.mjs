// @ts-check
// Every single latency of the last minutes, as it was measured, and where the scrapes fell between them: what a reader
// of /metrics made of two scrapes can be compared with exactly the values that came between the two.

/** @typedef {'latency' | 'timeToFirstToken' | 'interTokenLatency' | 'queueTime'} SeriesName */

const KEPT_MINUTES = 10
/** Removed many at a time: removing from the front of an array moves the rest. */
const TRIM_EVERY = 5_000

class Series {
  /** How many values came before the first one that is kept. */
  dropped = 0
  /** @type {number[]} */
  ms = []
  /** @type {number[]} */
  #atMs = []

  /**
   * @param {number} ms
   * @param {number} atMs
   */
  add(ms, atMs) {
    this.ms.push(ms)
    this.#atMs.push(atMs)
    if (this.ms.length % TRIM_EVERY === 0) this.#trim(atMs - KEPT_MINUTES * 60_000)
  }

  get count() {
    return this.dropped + this.ms.length
  }

  /** @param {number} beforeMs */
  #trim(beforeMs) {
    const first = this.#atMs.findIndex((atMs) => atMs >= beforeMs)
    const old = first < 0 ? this.ms.length : first
    this.ms.splice(0, old)
    this.#atMs.splice(0, old)
    this.dropped += old
  }
}

/**
 * One answer of /metrics: how many values of each series it counted.
 *
 * @typedef {{ atMs: number, counts: Record<SeriesName, number> }} Scrape
 */

export class RawLatencies {
  /** @type {Record<SeriesName, Series>} */
  series = {
    latency: new Series(),
    timeToFirstToken: new Series(),
    interTokenLatency: new Series(),
    queueTime: new Series(),
  }
  /** @type {Scrape[]} */
  #scrapes = []

  /**
   * @param {SeriesName} name
   * @param {number} ms
   */
  add(name, ms) {
    this.series[name].add(ms, Date.now())
  }

  markScrape() {
    const { latency, timeToFirstToken, interTokenLatency, queueTime } = this.series
    const atMs = Date.now()
    this.#scrapes.push({
      atMs,
      counts: {
        latency: latency.count,
        timeToFirstToken: timeToFirstToken.count,
        interTokenLatency: interTokenLatency.count,
        queueTime: queueTime.count,
      },
    })
    while ((this.#scrapes[0]?.atMs ?? atMs) < atMs - KEPT_MINUTES * 60_000) this.#scrapes.shift()
  }

  /** As JSON: the values of each series in milliseconds, how many older ones were dropped, and the scrapes. */
  toJSON() {
    const series = Object.entries(this.series).map(([name, { dropped, ms }]) => [name, { dropped, ms }])
    return { keptMinutes: KEPT_MINUTES, series: Object.fromEntries(series), scrapes: this.#scrapes }
  }
}
