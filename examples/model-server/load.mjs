// @ts-check
// Traffic of its own, so that there is something to see: requests that arrive at random, now and then in a burst. They go
// to the engine directly, which is cheaper than HTTP and measured all the same.
import { drawTokens } from './replies.mjs'

/** @import { Engine } from './engine.mjs' */

const PROMPT = { median: 220, max: 2_000 }
const REPLY = { median: 70, max: 400 }
/** A burst begins every so often, and lasts a few seconds with several times the rate. */
const BURST = { everyMs: 40_000, lastsMs: 6_000, factor: 3 }

/**
 * Sends requests until it is stopped.
 *
 * @param {object} options
 * @param {Engine} options.engine
 * @param {number} options.rate Requests per second, on average between bursts.
 * @param {number} options.failures The share that does not end well: half of them are aborted, half fail.
 * @param {() => number} [options.random]
 * @returns {() => void} Stops it.
 */
export function startLoad({ engine, rate, failures, random = Math.random }) {
  if (rate === 0) return () => undefined
  const beganAt = performance.now()
  /** @type {ReturnType<typeof setTimeout>} */
  let timer

  function send() {
    const replyTokens = drawTokens(REPLY.median, REPLY.max, random)
    const endsBadly = random() < failures
    const afterTokens = Math.floor(random() * replyTokens)
    const isAborted = endsBadly && random() < 0.5
    /** @type {(() => void) | null} */
    const abort = engine.submit({
      promptTokens: drawTokens(PROMPT.median, PROMPT.max, random),
      replyTokens,
      maxTokens: REPLY.max / 2,
      failsAfter: endsBadly && !isAborted ? afterTokens : null,
      onToken(index) {
        if (isAborted && index === afterTokens) abort?.()
      },
    })
  }

  function next() {
    const isBurst = (performance.now() - beganAt) % BURST.everyMs > BURST.everyMs - BURST.lastsMs
    const perSecond = isBurst ? rate * BURST.factor : rate
    // The times between arrivals that do not know of one another.
    timer = setTimeout(
      () => {
        send()
        next()
      },
      (-Math.log(1 - random()) / perSecond) * 1000,
    )
  }

  next()
  return () => clearTimeout(timer)
}
