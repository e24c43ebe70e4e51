import type { ServerResponse } from 'node:http'
import type { Clock } from '../base/clock.ts'
import { sendJson } from '../http/responses.ts'

/** Whether the server can serve, and the checks behind that. */
export interface Readiness {
  ready: boolean
  /**
   * Each part by name: `ok`, `degraded` (the server serves without it) or `down`. Public: no addresses, no versions.
   */
  checks: Record<string, 'ok' | 'degraded' | 'down'>
}

/** Caches the answer for a second: anyone may ask, and each check is a query to the database. */
export function cachedForASecond(ask: () => Promise<Readiness>, monotonic: Clock): () => Promise<Readiness> {
  let answer: Promise<Readiness> | undefined
  let askedAtMs = 0
  return async () => {
    const now = monotonic.now()
    if (answer === undefined || now >= askedAtMs + 1000) {
      askedAtMs = now
      answer = ask()
    }
    return await answer
  }
}

/** `/readyz`: 200 while the server can serve, 503 while it cannot. */
export function sendReadiness(res: ServerResponse, { ready, checks }: Readiness): void {
  const isDegraded = Object.values(checks).some((check) => check !== 'ok')
  if (!ready) res.setHeader('Retry-After', '1')
  sendJson(res, ready ? 200 : 503, { status: ready ? (isDegraded ? 'degraded' : 'ready') : 'unready', checks })
}
