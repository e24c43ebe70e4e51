import { writeFileSync } from 'node:fs'

const REQUESTS_PER_SECOND = 80
const SECONDS = 60
const BEGIN_MS = Date.UTC(2026, 0, 1)

/**
 * Writes a recording of even traffic (TRAFFIC_TRACE): without one, a deployment's first minutes are too quiet for
 * messages of the usual size.
 */
export function writeSteadyTraffic(path: string): void {
  const rows = Array.from({ length: REQUESTS_PER_SECOND * SECONDS }, (_each, at) => {
    const time = new Date(BEGIN_MS + Math.floor((at * 1000) / REQUESTS_PER_SECOND)).toISOString()
    return `${time.slice(0, 10)} ${time.slice(11, 23)}0000,${400 + ((at * 37) % 800)},${2 + ((at * 11) % 30)}`
  })
  writeFileSync(path, ['TIMESTAMP,ContextTokens,GeneratedTokens', ...rows, ''].join('\n'))
}
