// @ts-check
// The port of the example server: its paths, and what /metrics is answered in.
import { createServer } from 'node:http'
import { gzipSync } from 'node:zlib'
import { answerChat, ApiError, MAX_MODEL_TOKENS, sendJson } from './chat.mjs'
import { Engine } from './engine.mjs'
import { startLoad } from './load.mjs'
import { ServerMetrics } from './metrics.mjs'

/** @import { IncomingMessage, ServerResponse } from 'node:http' */
/** @import { AddressInfo } from 'node:net' */

const MAX_WAITING = 256
/** Half of what all slots could come to: under load, the cache is what runs out, as on a GPU. */
const CACHE_TOKENS_PER_SLOT = 1_024

/**
 * @typedef {object} ModelServerOptions
 * @property {number} port 0 takes a free one.
 * @property {string} model
 * @property {number} slots How many requests run at once.
 * @property {number} rate Requests per second that the server sends itself; 0 for none.
 * @property {number} failures The share of those that does not end well, 0 to 1.
 */

/**
 * Starts a server on 127.0.0.1.
 *
 * @param {ModelServerOptions} options
 * @throws the error of the port, as when it is taken
 */
export async function startModelServer({ port, model, slots, rate, failures }) {
  const startedMs = performance.timeOrigin
  const metrics = new ServerMetrics({ model, startedMs })
  const cacheTokens = Math.max(MAX_MODEL_TOKENS, slots * CACHE_TOKENS_PER_SLOT)
  const engine = new Engine({ slots, maxWaiting: MAX_WAITING, cacheTokens, observer: metrics })

  /** @type {Record<string, Record<string, (request: IncomingMessage, response: ServerResponse) => void | Promise<void>>>} */
  const routes = {
    '/v1/chat/completions': { POST: (request, response) => answerChat({ request, response, engine, model }) },
    '/v1/models': {
      GET(_request, response) {
        const created = Math.floor(startedMs / 1000)
        const data = [{ id: model, object: 'model', created, owned_by: 'gaugeline', max_model_len: MAX_MODEL_TOKENS }]
        sendJson(response, 200, { object: 'list', data })
      },
    },
    '/health': { GET: (_request, response) => void response.writeHead(200).end() },
    '/metrics': {
      GET(request, response) {
        metrics.raw.markScrape()
        const { accept = '', 'accept-encoding': encodings = '' } = request.headers
        const format = /application\/openmetrics-text/.test(accept) ? 'openmetrics' : 'text'
        const body = metrics.expose(engine.state, format)
        const isPacked = /\bgzip\b/.test(encodings)
        response
          .writeHead(200, {
            'content-type':
              format === 'text'
                ? 'text/plain; version=0.0.4; charset=utf-8'
                : 'application/openmetrics-text; version=1.0.0; charset=utf-8',
            ...(isPacked && { 'content-encoding': 'gzip' }),
          })
          .end(isPacked ? gzipSync(body) : body)
      },
    },
    '/debug/latencies': {
      GET: (_request, response) => sendJson(response, 200, { ...metrics.totals, ...metrics.raw.toJSON() }),
    },
  }

  /**
   * @param {IncomingMessage} request
   * @param {ServerResponse} response
   */
  async function answer(request, response) {
    const path = (request.url ?? '/').replace(/\?.*/, '')
    const route = Object.hasOwn(routes, path) ? routes[path] : undefined
    if (!route) throw new ApiError(404, `There is no ${path}; there are ${Object.keys(routes).join(', ')}.`)
    const handler = route[request.method === 'HEAD' ? 'GET' : (request.method ?? 'GET')]
    if (!handler) throw new ApiError(405, `${path} takes ${Object.keys(route).join(' and ')}.`)
    await handler(request, response)
  }

  const server = createServer((request, response) => {
    answer(request, response).catch((/** @type {unknown} */ error) => {
      // The form of OpenAI's errors.
      const status = error instanceof ApiError ? error.status : 500
      const message = error instanceof Error ? error.message : String(error)
      if (response.headersSent) response.destroy()
      else
        sendJson(response, status, {
          error: { message, type: status < 500 ? 'invalid_request_error' : 'server_error' },
        })
    })
  })
  await new Promise((resolve, reject) => {
    server.once('error', reject).listen(port, '127.0.0.1', () => resolve(undefined))
  })
  const stopLoad = startLoad({ engine, rate, failures })

  return {
    url: `http://127.0.0.1:${/** @type {AddressInfo} */ (server.address()).port}`,
    /** What it measured: the counters and every latency of the last minutes. */
    metrics,
    /** Ends the load, aborts what runs, and closes every connection. */
    async close() {
      stopLoad()
      engine.close()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(() => resolve(undefined)))
    },
  }
}
