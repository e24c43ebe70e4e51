import { type AnswerText, jsonOf } from '../engine/answer-body.ts'
import type { SocketWriter } from './socket-writer.ts'

const CLOSING_BRACE = Buffer.from('}')

/**
 * An answer for graphql-ws, which would serialise a result once more: there is nothing to iterate, and the ready text is
 * sent when that begins. It does unless the client has completed the operation meanwhile.
 */
export function socketAnswer(writer: SocketWriter, id: string, text: AnswerText): AsyncIterable<never> {
  const head = Buffer.from(`{"id":${JSON.stringify(id)},"type":"next","payload":`)
  return {
    [Symbol.asyncIterator]: () => ({
      async next() {
        await writer.send([head, jsonOf(text), CLOSING_BRACE])
        return { done: true, value: undefined }
      },
    }),
  }
}
