import type { FormattedExecutionResult } from 'graphql'
import { MAX_ANSWER_BYTES } from '../base/limits.ts'
import { limitError } from './limit-error.ts'

/** An answer with the JSON that is sent for it, in UTF-8. */
export interface Serialised {
  result: FormattedExecutionResult
  json: Buffer
}

/** Serialises an answer; one that is larger than answers may be becomes the error that says so. */
export function serialised(result: FormattedExecutionResult): Serialised {
  const json = Buffer.from(JSON.stringify(result))
  return json.length > MAX_ANSWER_BYTES ? serialised(tooLarge(json.length)) : { result, json }
}

function tooLarge(bytes: number): FormattedExecutionResult {
  const { message, extensions } = limitError('answerBytes', MAX_ANSWER_BYTES, bytes)
  return { errors: [{ message, extensions: { ...extensions } }] }
}
