// @ts-check
// POST /v1/chat/completions as OpenAI's API has it, whole or as server-sent events.
import { randomUUID } from 'node:crypto'
import { countTokens, drawTokens, makeReply } from './replies.mjs'

/** @import { IncomingMessage, ServerResponse } from 'node:http' */
/** @import { Engine, FinishedReason } from './engine.mjs' */

/** How many tokens a prompt and its reply may have together. */
export const MAX_MODEL_TOKENS = 8_192
const MAX_BODY_BYTES = 1_048_576
const REPLY_MEDIAN = 70

/** A request that is answered with an error. */
export class ApiError extends Error {
  /**
   * @param {number} status
   * @param {string} message One sentence: what is wrong, and what would be right.
   */
  constructor(status, message) {
    super(message)
    this.status = status
  }
}

/**
 * @typedef {object} ChatRequest
 * @property {number} promptTokens
 * @property {number} maxTokens
 * @property {boolean} isStreamed
 * @property {boolean} withUsage Whether the last event of a stream says how many tokens there were.
 */

/**
 * @param {IncomingMessage} request
 * @returns {Promise<unknown>}
 */
async function readJson(request) {
  let bytes = 0
  const parts = []
  for await (const part of request) {
    bytes += part.length
    if (bytes > MAX_BODY_BYTES) throw new ApiError(413, `A body may have at most ${MAX_BODY_BYTES} bytes.`)
    parts.push(part)
  }
  try {
    return JSON.parse(Buffer.concat(parts).toString('utf8'))
  } catch {
    throw new ApiError(400, 'The body must be JSON, like {"messages": [{"role": "user", "content": "Hello"}]}.')
  }
}

/**
 * The text of a message, whose content is a string or a list of parts.
 *
 * @param {unknown} message
 * @returns {string}
 */
function textOf(message) {
  const content = /** @type {{ content?: unknown } | null} */ (message)?.content
  if (typeof content === 'string') return content
  if (!Array.isArray(content))
    throw new ApiError(400, 'Each of "messages" must have a "content": text, or a list of parts.')
  return content.map((part) => (typeof part?.text === 'string' ? part.text : '')).join(' ')
}

/**
 * @param {unknown} body
 * @param {string} model
 * @returns {ChatRequest}
 */
function readChatRequest(body, model) {
  if (typeof body !== 'object' || body === null) throw new ApiError(400, 'The body must be a JSON object.')
  const {
    messages,
    model: named = model,
    max_tokens,
    max_completion_tokens,
    stream,
    stream_options,
    n = 1,
  } = /** @type {Record<string, unknown>} */ (body)
  if (named !== model) throw new ApiError(404, `The model must be "${model}", the only one here.`)
  if (!Array.isArray(messages) || messages.length === 0) {
    throw new ApiError(400, '"messages" must be a list with at least one message.')
  }
  if (n !== 1) throw new ApiError(400, '"n" must be 1.')
  const promptTokens = messages.reduce((sum, message) => sum + countTokens(textOf(message)), 0)
  const room = MAX_MODEL_TOKENS - promptTokens
  if (room < 1)
    throw new ApiError(400, `The messages may have at most ${MAX_MODEL_TOKENS - 1} tokens; they have ${promptTokens}.`)
  const maxTokens = max_completion_tokens ?? max_tokens ?? Math.min(room, 512)
  if (typeof maxTokens !== 'number' || !Number.isInteger(maxTokens) || maxTokens < 1 || maxTokens > room) {
    throw new ApiError(400, `"max_tokens" must be a whole number from 1 to ${room}.`)
  }
  const withUsage = /** @type {{ include_usage?: unknown } | undefined} */ (stream_options)?.include_usage === true
  return { promptTokens, maxTokens, isStreamed: stream === true, withUsage }
}

/**
 * Answers one request.
 *
 * @param {object} options
 * @param {IncomingMessage} options.request
 * @param {ServerResponse} options.response
 * @param {Engine} options.engine
 * @param {string} options.model
 * @param {() => number} [options.random]
 * @throws ApiError
 */
export async function answerChat({ request, response, engine, model, random = Math.random }) {
  const chat = readChatRequest(await readJson(request), model)
  const reply = makeReply(drawTokens(REPLY_MEDIAN, MAX_MODEL_TOKENS, random), random)
  const common = { id: `chatcmpl-${randomUUID()}`, created: Math.floor(Date.now() / 1000), model }
  let generated = 0
  const usage = () => ({
    prompt_tokens: chat.promptTokens,
    completion_tokens: generated,
    total_tokens: chat.promptTokens + generated,
  })

  /** @param {object} content */
  const send = (content) => {
    const event = { ...common, object: 'chat.completion.chunk', ...content }
    response.write(`data: ${JSON.stringify(event)}\n\n`)
  }
  /**
   * @param {object} delta
   * @param {FinishedReason | null} reason
   */
  const choice = (delta, reason) => send({ choices: [{ index: 0, delta, finish_reason: reason }] })

  /** @param {FinishedReason} reason */
  function finish(reason) {
    if (response.destroyed) return
    if (!chat.isStreamed) {
      const message = { role: 'assistant', content: reply.slice(0, generated).join('') }
      const choices = [{ index: 0, message, finish_reason: reason }]
      sendJson(response, 200, { ...common, object: 'chat.completion', choices, usage: usage() })
      return
    }
    choice({}, reason)
    if (chat.withUsage) send({ choices: [], usage: usage() })
    response.end('data: [DONE]\n\n')
  }

  const abort = engine.submit({
    promptTokens: chat.promptTokens,
    replyTokens: reply.length,
    maxTokens: chat.maxTokens,
    onToken(index) {
      generated = index + 1
      if (chat.isStreamed) choice({ content: reply[index] ?? '' }, null)
    },
    onFinish: finish,
  })
  if (!abort) throw new ApiError(503, 'Too many requests wait already; try again later.')
  if (chat.isStreamed) {
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' })
    choice({ role: 'assistant', content: '' }, null)
  }
  // Whoever goes before the end has aborted it; nothing happens when it has finished.
  response.once('close', abort)
}

/**
 * @param {ServerResponse} response
 * @param {number} status
 * @param {unknown} body
 */
export function sendJson(response, status, body) {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' }).end(JSON.stringify(body))
}
