import { RefusedError } from '../base/errors.ts'

/** The refusal of an operation that exceeds a limit: it names the limit, its value and what was asked for. */
export function limitError(limit: keyof typeof SUBJECTS, max: number, asked: number | string): RefusedError {
  const message = `${SUBJECTS[limit]} may be at most ${max}; asked: ${asked}.`
  return new RefusedError('LIMIT_EXCEEDED', message, { limit, max, asked })
}

const SUBJECTS = {
  tokens: 'The tokens of a document',
  nesting: 'The nesting of brackets in a document',
  depth: 'The depth of a document',
  aliases: 'The aliases of a document, each repeated __typename counted,',
  directives: 'The directives of a document',
  fragments: 'The fragments of a document',
  selections: 'The selections of a document, its fragments expanded,',
  comparisons: 'The comparisons between fields of the same name in a document',
  cost: 'The cost of an operation',
  running: 'The cost of your distinct subscriptions that run at once',
  callerSubscriptions: 'Your subscriptions that run at once',
  subscriptions: 'The subscriptions of one socket',
  answerBytes: 'The bytes of an answer',
  runningBytes: 'The bytes of memory that your subscriptions take while they run',
}

/** For a client that is refused because of what others take. */
const RETRY_AFTER_SECONDS = 5

/** The refusal of a subscription for which those of all callers leave no memory. */
export function noMemoryLeft(max: number, asked: number): RefusedError {
  const message = `The subscriptions of all callers may take at most ${max} bytes of memory; asked: ${asked}.`
  const details = { limit: 'allRunningBytes', max, asked, retryAfterSeconds: RETRY_AFTER_SECONDS }
  return new RefusedError('RATE_LIMITED', message, details)
}
