import type { FormattedExecutionResult, GraphQLFormattedError } from 'graphql'
import { MAX_ANSWER_BYTES } from '../base/limits.ts'
import { limitError } from './limit-error.ts'

/**
 * What all who asked the same are told: `data` and `errors`, serialised once. What is derived from it (its hash, its
 * compressed head) can be kept with it, since equal reads share the object itself.
 */
export interface AnswerBody {
  /** JSON in UTF-8 from its first brace on, without `extensions` and without the last brace: `{"data":{…}`. */
  readonly head: Buffer
  /** `absent` when nothing was executed, `null` when an error took all of it. */
  readonly data: 'absent' | 'null' | 'object'
  readonly errors: readonly GraphQLFormattedError[]
}

/** The answer to one caller: `head` and `tail` are its JSON. */
export interface AnswerText {
  readonly body: AnswerBody
  /** What is this caller's own, and the end: `,"extensions":{…}}` or `}`. */
  readonly tail: Buffer
}

const CLOSING_BRACE = Buffer.from('}')

/** The body of a result as its callers may see it. */
export function answerBody(result: FormattedExecutionResult): AnswerBody {
  const { data, errors = [] } = result
  const json = JSON.stringify({ ...result, extensions: undefined })
  return {
    head: Buffer.from(json.slice(0, -1)),
    data: data === undefined ? 'absent' : data === null ? 'null' : 'object',
    errors,
  }
}

/** One caller's answer; one that is larger than answers may be becomes the error that says so. */
export function answerText(body: AnswerBody, extensions?: Readonly<Record<string, unknown>>): AnswerText {
  const tail = extensions === undefined ? CLOSING_BRACE : Buffer.from(`,"extensions":${JSON.stringify(extensions)}}`)
  const length = body.head.length + tail.length
  return length > MAX_ANSWER_BYTES ? answerText(tooLarge(length)) : { body, tail }
}

/** The whole JSON of an answer. */
export function jsonOf({ body, tail }: AnswerText): Buffer {
  return Buffer.concat([body.head, tail])
}

function tooLarge(bytes: number): AnswerBody {
  const { message, extensions } = limitError('answerBytes', MAX_ANSWER_BYTES, bytes)
  return answerBody({ errors: [{ message, extensions: { ...extensions } }] })
}
