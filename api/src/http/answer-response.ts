import type { ServerResponse } from 'node:http'
import { OperationTypeNode } from 'graphql'
import type { AnswerBody, AnswerText } from '../engine/answer-body.ts'
import type { JsonType } from './accept.ts'
import { codingFor } from './content-coding.ts'
import { etagOf, isKnown } from './etag.ts'
import { ANSWER_CODINGS, packedAnswer } from './packed-answer.ts'
import { sendGraphQL, statusOfAnswer } from './responses.ts'

/** For as long as somebody has the answer: equal reads share them. */
const etags = new WeakMap<AnswerBody, string>()

/**
 * Sends the answer to an operation in one piece: packed if its reader takes that, and not at all if it has it already.
 * @param kind of the operation; undefined when the document does not say
 */
export async function sendAnswer(
  res: ServerResponse,
  type: JsonType,
  text: AnswerText,
  kind: OperationTypeNode | undefined,
): Promise<void> {
  const { body, tail } = text
  const { headers, method } = res.req
  const status = statusOfAnswer(body, type)
  const waits = body.errors.map(({ extensions }) => Number(extensions?.['retryAfterSeconds'] ?? 1))
  const head = { status, type, retryAfterSeconds: Math.max(1, ...waits) }
  const plain = () => Buffer.concat([body.head, tail])
  // Only mutations tell secrets (a new token's). They are never packed, so the length of a packed answer tells nothing
  // of a secret to those who see it on its way (BREACH).
  if (kind === OperationTypeNode.MUTATION) return sendGraphQL(res, head, plain())
  res.appendHeader('Vary', 'Accept, Accept-Encoding')
  if (method === 'GET' && status === 200 && body.data === 'object') {
    const etag = etagFor(body)
    res.setHeader('ETag', etag)
    // May be kept by its reader alone, and is asked for anew each time: it depends on who asks, and on when.
    res.setHeader('Cache-Control', 'private, no-cache')
    if (isKnown(etag, headers['if-none-match'])) return void res.writeHead(304).end()
  }
  const coding = codingFor(headers['accept-encoding'], ANSWER_CODINGS, body.head.length + tail.length)
  if (coding === 'identity') return sendGraphQL(res, head, plain())
  const packed = await packedAnswer(text, coding)
  res.setHeader('Content-Encoding', coding)
  sendGraphQL(res, head, packed)
}

/** Of data and errors: what the answer cost is new each time. */
function etagFor(body: AnswerBody): string {
  const known = etags.get(body)
  if (known !== undefined) return known
  const etag = etagOf(body.head)
  etags.set(body, etag)
  return etag
}
