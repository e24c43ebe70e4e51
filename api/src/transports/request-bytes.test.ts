import { once } from 'node:events'
import { type ClientRequest, type IncomingMessage, request } from 'node:http'
import { describe, expect, it } from 'vitest'
import { ADMIN_TOKEN, createHttpTestServer, type HttpTestServer } from '../../test/http-test-server.ts'
import { MAX_GRAPHQL_BODY_BYTES, MAX_REQUEST_BYTES_PER_CALLER } from '../base/limits.ts'
import { RequestBytes } from '../engine/request-bytes.ts'

/** Of a body that has yet to end. */
const BEGUN = '{"query":"{ whoami }","variables":{"a":"'
const END = '"}}'

function begin(server: HttpTestServer): ClientRequest {
  const post = request(`${server.origin}/graphql`, {
    method: 'POST',
    agent: false,
    headers: { 'content-type': 'application/json', authorization: `Bearer ${ADMIN_TOKEN}` },
  })
  post.write(BEGUN)
  return post
}

async function answerTo(post: ClientRequest): Promise<unknown> {
  const [response] = (await once(post, 'response')) as [IncomingMessage]
  let text = ''
  for await (const part of response.setEncoding('utf8')) text += part
  return [response.statusCode, JSON.parse(text)]
}

describe('requests that are not answered yet', () => {
  it('are kept up to a limit for each caller, however many connections they come by', async () => {
    await using server = await createHttpTestServer()
    const filling = 'x'.repeat(MAX_GRAPHQL_BODY_BYTES - BEGUN.length - END.length)
    const whole = Math.floor(MAX_REQUEST_BYTES_PER_CALLER / (BEGUN.length + filling.length))
    const posts = Array.from({ length: whole }, () => begin(server))
    const beyond = begin(server)
    for (const post of posts) await new Promise((sent) => post.write(filling, sent))
    const refused = answerTo(beyond)
    beyond.write(filling)
    expect(await refused).toMatchObject([429, { errors: [{ extensions: { limit: 'requestBytes' } }] }])
    beyond.destroy()
    for (const post of posts) {
      const answer = answerTo(post)
      post.end(END)
      expect(await answer).toMatchObject([200, { data: { whoami: 'admin' } }])
    }
    const after = begin(server)
    const answer = answerTo(after)
    after.end(`${filling}${END}`)
    expect(await answer).toMatchObject([200, { data: { whoami: 'admin' } }])
  })

  it('count while they wait or run, for their caller and for all', async () => {
    const requests = new RequestBytes({ maxPerCaller: 10, max: 15 })
    let finish = () => {}
    const running = requests.during('a', 10, async () => await new Promise<void>((resolve) => (finish = resolve)))
    await expect(requests.during('a', 1, () => 0)).rejects.toThrow('your requests that are not answered yet')
    await expect(requests.during('b', 6, () => 0)).rejects.toThrow('the requests of all callers')
    expect(await requests.during('b', 5, () => 'done')).toBe('done')
    finish()
    await running
    await expect(requests.during('a', 10, () => Promise.reject(new Error('failed')))).rejects.toThrow('failed')
    expect(await requests.during('a', 10, () => requests.bytes)).toBe(10)
    expect(requests.bytes).toBe(0)
  })
})
