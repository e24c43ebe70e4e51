// @ts-check
// npm run example:model-server. See --help.
import { parseArgs } from 'node:util'
import { connect } from './connect.mjs'
import { startModelServer } from './server.mjs'

const HELP = `A small chat server under its own load, to try Gaugeline on. It makes up its replies, but measures itself
truthfully, and shows that at /metrics with the names and bounds of vLLM.

  npm run example:model-server -- [options]

  --port 8000            the port on 127.0.0.1; 0 takes a free one
  --rate 4               requests per second that it sends itself; 0 for none
  --failures 0.02        the share of them that is aborted or fails
  --slots 16             how many requests run at once; others wait
  --model example-chat   the name of the model
  --connect              deploys a completed training job of a running Gaugeline, with this server as its source;
                         takes GAUGELINE_URL (http://127.0.0.1:4000) and GAUGELINE_TOKEN, or ADMIN_TOKEN
  --quiet                prints nothing but errors
  --help                 prints this

  curl -N http://127.0.0.1:8000/v1/chat/completions -d '{"messages": [{"role": "user", "content": "Hello"}], "stream": true}'
`

/**
 * @param {string} message
 * @returns {never}
 */
function stop(message) {
  console.error(message)
  process.exit(1)
}

/**
 * @param {string} name
 * @param {string} text
 * @param {{ min: number, max: number, isWhole?: boolean }} range
 */
function numberOf(name, text, { min, max, isWhole = false }) {
  const value = Number(text)
  if (text.trim() === '' || !(value >= min && value <= max) || (isWhole && !Number.isInteger(value))) {
    stop(`--${name} must be a ${isWhole ? 'whole ' : ''}number from ${min} to ${max}; it is "${text}"`)
  }
  return value
}

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        port: { type: 'string', default: '8000' },
        rate: { type: 'string', default: '4' },
        failures: { type: 'string', default: '0.02' },
        slots: { type: 'string', default: '16' },
        model: { type: 'string', default: 'example-chat' },
        connect: { type: 'boolean', default: false },
        quiet: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    })
    if (!/^[\w./:-]{1,100}$/.test(values.model)) stop('--model must be a name of letters, digits and any of _ . / : -')
    return {
      ...values,
      port: numberOf('port', values.port, { min: 0, max: 65_535, isWhole: true }),
      rate: numberOf('rate', values.rate, { min: 0, max: 200 }),
      failures: numberOf('failures', values.failures, { min: 0, max: 1 }),
      slots: numberOf('slots', values.slots, { min: 1, max: 256, isWhole: true }),
    }
  } catch (error) {
    // parseArgs says what is wrong with the arguments.
    stop(`${error instanceof Error ? error.message : String(error)}; --help shows what there is`)
  }
}

/**
 * npm passes a SIGTERM on to its shell only, which ends and leaves us behind: then our parent is another one.
 *
 * @param {() => void} end
 */
function endWithNpm(end) {
  const parent = process.ppid
  setInterval(() => {
    if (process.ppid !== parent) end()
  }, 500).unref()
}

/** @param {unknown} error */
function reasonOf(error) {
  return error instanceof Error ? error.message : String(error)
}

const options = readOptions()
if (options.help) {
  console.log(HELP)
  process.exit(0)
}

const say = options.quiet ? () => undefined : console.log

try {
  const server = await startModelServer(options)
  const end = () => void server.close().then(() => process.exit(0))
  process.once('SIGINT', end).once('SIGTERM', end)
  if (process.env.npm_lifecycle_event) endWithNpm(end)
  say(`The example model server is at ${server.url}, and its metrics at ${server.url}/metrics`)
  if (options.connect) {
    say(await connect({ metricsUrl: `${server.url}/metrics`, env: process.env, say }))
  } else {
    say('To watch it in Gaugeline, deploy a completed training job with another source: Model server, at that address.')
    say('Gaugeline must have been started with SCRAPE_ALLOWED_HOSTS=127.0.0.1, because the address is on this machine.')
  }
} catch (error) {
  const isTaken = /** @type {{ code?: unknown }} */ (error).code === 'EADDRINUSE'
  stop(isTaken ? `port ${options.port} is taken; choose another one with --port` : reasonOf(error))
}
