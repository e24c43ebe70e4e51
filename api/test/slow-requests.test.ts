import { connect } from 'node:net'
import { expect, it } from 'vitest'
import { CONNECTIONS_CHECKING_INTERVAL_MS, HEADERS_TIMEOUT_MS, REQUEST_TIMEOUT_MS } from '../src/base/limits.ts'
import { ADMIN_TOKEN, createHttpTestServer } from './http-test-server.ts'

/** Timers of a busy machine are late, never early. */
const LATE_MS = 5_000

/**
 * Sends the beginning of a request and nothing more; gives what comes back until the server hangs up, and when it did.
 */
async function sendBeginning(port: number, text: string): Promise<{ answer: string; afterMs: number }> {
  const began = performance.now()
  const socket = connect(port, '127.0.0.1', () => socket.write(text))
  let answer = ''
  socket.on('data', (data: Buffer) => (answer += data.toString()))
  await new Promise((resolve) => socket.once('close', resolve))
  return { answer, afterMs: performance.now() - began }
}

it('a client that never finishes its headers or its body is disconnected, and all others are served', async () => {
  await using server = await createHttpTestServer()
  const head = `POST /graphql HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nContent-Type: application/json\r\n`
  const known = `${head}Authorization: Bearer ${ADMIN_TOKEN}\r\nContent-Length: 100\r\n`
  const [inHeaders, inBody, ...ofKnown] = await Promise.all([
    sendBeginning(server.port, head),
    sendBeginning(server.port, `${head}Content-Length: 100\r\n\r\n{"query":`),
    sendBeginning(server.port, `${known}\r\n{"query":`),
    sendBeginning(server.port, `${known}Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n{"query":`),
  ])
  expect(inHeaders.answer).toMatch(/^HTTP\/1\.1 408 /)
  expect(inHeaders.afterMs).toBeGreaterThan(HEADERS_TIMEOUT_MS - CONNECTIONS_CHECKING_INTERVAL_MS)
  expect(inHeaders.afterMs).toBeLessThan(HEADERS_TIMEOUT_MS + CONNECTIONS_CHECKING_INTERVAL_MS + LATE_MS)
  // A stranger's body is not waited for.
  expect(inBody.answer).toMatch(/^HTTP\/1\.1 40[18] /)
  expect(inBody.afterMs).toBeLessThan(REQUEST_TIMEOUT_MS + CONNECTIONS_CHECKING_INTERVAL_MS + LATE_MS)
  for (const { answer, afterMs } of ofKnown) {
    expect(answer).toMatch(/^HTTP\/1\.1 408 /)
    expect(afterMs).toBeLessThan(REQUEST_TIMEOUT_MS + CONNECTIONS_CHECKING_INTERVAL_MS + LATE_MS)
  }
  expect((await fetch(`${server.origin}/healthz`)).status).toBe(200)
})
