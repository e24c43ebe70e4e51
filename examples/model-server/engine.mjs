// @ts-check
// The part that a GPU would be: a queue, a bounded number of slots, and steps. In each step, every running request gets
// one token (continuous batching), so a step takes longer the more requests run, and the prompts of those that joined
// make it longer still. Nothing of it is drawn in advance: what is measured is what happened.

/** @typedef {'stop' | 'length' | 'abort' | 'error'} FinishedReason */

/**
 * One request.
 *
 * @typedef {object} Work
 * @property {number} promptTokens
 * @property {number} replyTokens Tokens until the reply has come to its end.
 * @property {number} maxTokens The reply is cut after so many.
 * @property {number | null} [failsAfter] The engine fails this request after so many tokens.
 * @property {(index: number) => void} [onToken] Called for each token, from 0.
 * @property {(reason: FinishedReason) => void} [onFinish] Called once.
 */

/**
 * What has become of a request; times are those of `now`, in milliseconds.
 *
 * @typedef {object} Progress
 * @property {Work} work
 * @property {number} arrivedAt
 * @property {number | null} startedAt When it got a slot.
 * @property {number | null} tokenAt When the newest token came.
 * @property {number} tokens
 */

/**
 * Told what happens, as it happens.
 *
 * @typedef {object} Observer
 * @property {(tokens: number) => void} onPrompt A prompt has been worked on, and its first token is there.
 * @property {(ms: number) => void} onFirstToken From the arrival.
 * @property {(ms: number) => void} onNextToken From the token before.
 * @property {() => void} onGenerated One token more, the first included.
 * @property {(finished: { reason: FinishedReason, latencyMs: number, queueMs: number | null }) => void} onFinished
 *   The queue time is null when the request never got a slot.
 */

/** How long a step takes, in milliseconds: a constant, and more for each running request and each token of a new prompt. */
const PACE = { stepMs: 12, perRunningMs: 0.6, perPromptTokenMs: 0.05 }
/** A step takes up to a tenth less or more than that. */
const UNEVENNESS = 0.1

export class Engine {
  /** @type {Progress[]} */
  #waiting = []
  /** @type {Set<Progress>} */
  #running = new Set()
  /** @type {ReturnType<typeof setTimeout> | null} */
  #step = null
  #slots
  #maxWaiting
  #cacheTokens
  #observer
  #now
  #random

  /**
   * @param {object} options
   * @param {number} options.slots How many requests run at once.
   * @param {number} options.maxWaiting How many may wait for a slot.
   * @param {number} options.cacheTokens How many tokens of prompts and replies fit in the cache of keys and values.
   * @param {Observer} options.observer
   * @param {() => number} [options.now] A clock in milliseconds that never goes back.
   * @param {() => number} [options.random]
   */
  constructor({ slots, maxWaiting, cacheTokens, observer, now = () => performance.now(), random = Math.random }) {
    this.#slots = slots
    this.#maxWaiting = maxWaiting
    this.#cacheTokens = cacheTokens
    this.#observer = observer
    this.#now = now
    this.#random = random
  }

  /** The state of now: how many requests run and wait, and the used share of the cache, 0 to 1. */
  get state() {
    return {
      running: this.#running.size,
      waiting: this.#waiting.length,
      cacheUsage: this.#cachedTokens() / this.#cacheTokens,
    }
  }

  /**
   * Takes a request, unless too many wait already: then null. The answer aborts it, which does nothing once it has
   * finished.
   *
   * @param {Work} work
   * @returns {(() => void) | null}
   */
  submit(work) {
    if (this.#waiting.length >= this.#maxWaiting) return null
    /** @type {Progress} */
    const progress = { work, arrivedAt: this.#now(), startedAt: null, tokenAt: null, tokens: 0 }
    this.#waiting.push(progress)
    if (this.#step === null) this.#beginStep()
    return () => this.#abort(progress)
  }

  /** Aborts everything. */
  close() {
    if (this.#step !== null) clearTimeout(this.#step)
    this.#step = null
    for (const progress of [...this.#running, ...this.#waiting]) this.#abort(progress)
  }

  #cachedTokens() {
    let tokens = 0
    for (const { work, tokens: generated } of this.#running) tokens += work.promptTokens + generated
    return tokens
  }

  /** What the running requests may still come to: whoever starts never runs out of cache. */
  #reservedTokens() {
    let tokens = 0
    for (const { work } of this.#running) tokens += work.promptTokens + work.maxTokens
    return tokens
  }

  #beginStep() {
    let promptTokens = 0
    let reserved = this.#reservedTokens()
    while (this.#running.size < this.#slots) {
      const next = this.#waiting[0]
      if (!next) break
      reserved += next.work.promptTokens + next.work.maxTokens
      if (reserved > this.#cacheTokens && this.#running.size > 0) break
      this.#waiting.shift()
      next.startedAt = this.#now()
      this.#running.add(next)
      promptTokens += next.work.promptTokens
    }
    const evenMs = PACE.stepMs + PACE.perRunningMs * this.#running.size + PACE.perPromptTokenMs * promptTokens
    const ms = evenMs * (1 + UNEVENNESS * (2 * this.#random() - 1))
    this.#step = setTimeout(() => this.#endStep(), ms)
  }

  #endStep() {
    // Whoever reads a token may abort a request, which then leaves the set; nobody joins before the next step.
    for (const progress of this.#running) this.#giveToken(progress)
    this.#step = null
    if (this.#running.size + this.#waiting.length > 0) this.#beginStep()
  }

  /** @param {Progress} progress */
  #giveToken(progress) {
    const { work, arrivedAt, tokenAt, tokens } = progress
    if (tokens === (work.failsAfter ?? null)) return this.#finish(progress, 'error')
    const now = this.#now()
    if (tokenAt === null) {
      this.#observer.onPrompt(work.promptTokens)
      this.#observer.onFirstToken(now - arrivedAt)
    } else {
      this.#observer.onNextToken(now - tokenAt)
    }
    this.#observer.onGenerated()
    progress.tokenAt = now
    progress.tokens += 1
    work.onToken?.(tokens)
    if (progress.tokens >= work.replyTokens) this.#finish(progress, 'stop')
    else if (progress.tokens >= work.maxTokens) this.#finish(progress, 'length')
  }

  /** @param {Progress} progress */
  #abort(progress) {
    const place = this.#waiting.indexOf(progress)
    if (place >= 0) this.#waiting.splice(place, 1)
    if (place >= 0 || this.#running.has(progress)) this.#finish(progress, 'abort')
  }

  /**
   * @param {Progress} progress
   * @param {FinishedReason} reason
   */
  #finish(progress, reason) {
    // Its reader may have aborted it while it was given its last token.
    if (!this.#running.delete(progress) && reason !== 'abort') return
    const { arrivedAt, startedAt, work } = progress
    const queueMs = startedAt === null ? null : startedAt - arrivedAt
    this.#observer.onFinished({ reason, latencyMs: this.#now() - arrivedAt, queueMs })
    work.onFinish?.(reason)
  }
}
