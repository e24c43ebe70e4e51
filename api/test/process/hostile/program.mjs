/**
 * Everybody who does harm within the limits or against them, in a process of its own, so that what it takes to play
 * them delays nobody's figures. Reads its plan from the environment, prints what it was answered when it is told to end.
 */
import { setMaxListeners } from 'node:events'
import { ATTACKS } from './attacks.mjs'

const plan = JSON.parse(process.env['HOSTILE_PLAN'] ?? '')
const over = new AbortController()
setMaxListeners(0, over.signal)
process.once('SIGTERM', () => over.abort())

/** How often each attack had which outcome. */
const outcomes = {}
const count = (attack, what, by = 1) => {
  const of = (outcomes[attack] ??= {})
  of[what] = (of[what] ?? 0) + by
}

await Promise.all(
  Object.entries(ATTACKS).map(async ([name, attack]) => {
    while (!over.signal.aborted) {
      try {
        await attack({ ...plan, over: over.signal, count: (what, by) => count(name, what, by) })
        count(name, 'rounds')
      } catch (error) {
        count(name, `failed: ${error.code ?? error.message}`)
      }
      await pause(plan.pauseMs)
    }
  }),
)
process.stdout.write(`${JSON.stringify(outcomes)}\n`, () => process.exit(0))

function pause(ms) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms)
    over.signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true })
  })
}
