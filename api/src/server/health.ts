import type { ServerResponse } from 'node:http'
import type { Registry } from 'prom-client'
import { collectDefaultMetrics } from 'prom-client'
import type { Clock } from '../base/clock.ts'
import { sendBody, sendJson } from '../http/responses.ts'

/** Whether the server can serve, and what that rests on. */
export interface Readiness {
  ready: boolean
  /** Each part by name: `ok`, `degraded` (served without it) or `down`. Public: no addresses, no versions. */
  checks: Record<string, 'ok' | 'degraded' | 'down'>
}

/** The same, asked once a second, however many ask: strangers may, and each question goes to the database. */
export function askedOnceASecond(ask: () => Promise<Readiness>, clock: Clock): () => Promise<Readiness> {
  let answer: Promise<Readiness> | undefined
  let askedAtMs = 0
  return async () => {
    const now = clock.now()
    if (answer === undefined || now < askedAtMs || now >= askedAtMs + 1000) {
      askedAtMs = now
      answer = ask()
    }
    return await answer
  }
}

/** `/readyz`: 200 while it can serve, 503 while it can't. */
export function sendReadiness(res: ServerResponse, { ready, checks }: Readiness): void {
  const isDegraded = Object.values(checks).some((check) => check !== 'ok')
  if (!ready) res.setHeader('Retry-After', '1')
  sendJson(res, ready ? 200 : 503, { status: ready ? (isDegraded ? 'degraded' : 'ready') : 'unready', checks })
}

/** `/metrics`: the server's own figures for Prometheus, the process's beside those in `registry`. */
export function createMetricsRoute(registry: Registry): (res: ServerResponse) => Promise<void> {
  collectDefaultMetrics({ register: registry })
  return async (res) => sendBody(res, 200, registry.contentType, await registry.metrics())
}
