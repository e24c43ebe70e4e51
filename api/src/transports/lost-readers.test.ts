import { expect, it } from 'vitest'
import { ADMIN_TOKEN, createHttpTestServer } from '../../test/http-test-server.ts'
import { nextAccepted, pipeline, rawHttp } from '../../test/raw-http.ts'

const authorization = `Bearer ${ADMIN_TOKEN}`

it.each([
  ['its first answer', []],
  ['a later answer on the same connection', ['{ whoami }']],
])('the answer to a reader that left before it was made counts as unread no longer: %s', async (_which, before) => {
  await using server = await createHttpTestServer()
  const accepted = nextAccepted()
  const socket = pipeline(server.port, authorization, 'application/json', [...before, '{ wait }'])
  const held = await accepted
  await server.state.untilWaiting()
  const closed = new Promise((resolve) => held.once('close', resolve))
  socket.destroy()
  await closed
  server.state.release()
  const unread = async () => {
    const metrics = await rawHttp(server.port, { path: '/metrics', headers: { authorization } })
    return /^gaugeline_unread_bytes (\d+)$/m.exec(metrics.body)?.[1]
  }
  await expect.poll(() => server.state.waiting).toBe(0)
  await new Promise((resolve) => setImmediate(resolve))
  expect(await unread()).toBe('0')
})
