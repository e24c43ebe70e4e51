// @ts-check
// The text of the replies. There is no model: sentences are put together from a few parts.

const SUBJECTS = ['A request', 'The queue', 'A slot', 'The first token', 'A long prompt', 'The cache', 'A full batch']
const VERBS = ['waits for', 'depends on', 'takes as long as', 'makes room for', 'ends before', 'slows down']
const OBJECTS = ['the step before', 'its own prompt', 'the next token', 'all that run beside it', 'a free slot']
const ENDS = [
  '.',
  ', as a rule.',
  ', and that can be measured.',
  ', unless nothing else runs.',
  ' when the load grows.',
]

/** How many tokens of a text there are: a word counts one for each five letters begun, and each sign one. @param {string} text */
export function countTokens(text) {
  return text.match(/[\p{L}\p{N}]{1,5}|[^\s\p{L}\p{N}]/gu)?.length ?? 0
}

/**
 * A reply of so many tokens, one string for each.
 *
 * @param {number} tokens
 * @param {() => number} random
 * @returns {string[]}
 */
export function makeReply(tokens, random) {
  /** @param {readonly string[]} parts */
  const pick = (parts) => parts[Math.floor(random() * parts.length)] ?? ''
  /** @type {string[]} */
  const reply = []
  while (reply.length < tokens) {
    const sentence = `${reply.length > 0 ? ' ' : ''}${pick(SUBJECTS)} ${pick(VERBS)} ${pick(OBJECTS)}${pick(ENDS)}`
    reply.push(...(sentence.match(/\s?(?:[\p{L}\p{N}]{1,5}|[^\s\p{L}\p{N}])/gu) ?? []))
  }
  return reply.slice(0, tokens)
}

/**
 * A length with a long tail, as of real prompts and replies: half are shorter than the median.
 *
 * @param {number} median
 * @param {number} max
 * @param {() => number} random
 */
export function drawTokens(median, max, random) {
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
  return Math.min(max, Math.max(1, Math.round(median * Math.exp(0.7 * normal))))
}
