import './production.ts'
import pino from 'pino'
import { createApp, StartError, StoppedError } from './app.ts'
import { EnvError, readEnv } from './env.ts'

/** A graceful shutdown that takes longer than this is abandoned. */
const SHUTDOWN_MS = 9000

// The only file with side effects: settings, the app, signals, the exit code.

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

let isOutputLost = false

/** Output that nobody reads any more (`| head -1`), or whose disk is full, does not end the server. Said once. */
function onOutputLost(error: Error): void {
  if (isOutputLost) return
  isOutputLost = true
  process.stderr.write(`The server runs on, but its output is lost: ${error.message}\n`)
}

function giveUp(line: string): never {
  process.stderr.write(`${line}\n`)
  process.exit(1)
}

function createLog(level: string): pino.Logger {
  if (process.stdout.isTTY) {
    return pino({ level, transport: { target: 'pino-pretty', options: { ignore: 'pid,hostname' } } })
  }
  return pino({ level }, pino.destination({ fd: 1, sync: true }).on('error', onOutputLost))
}

async function main(): Promise<void> {
  process.stdout.on('error', onOutputLost)
  // Nobody is left who could be told.
  process.stderr.on('error', () => undefined)
  const env = readEnv()
  const log = createLog(env.logLevel)
  const fail = (error: unknown, what: string) => {
    if (isOutputLost) process.stderr.write(`${what}: ${String(error)}\n`)
    log.fatal({ err: error }, what)
    log.flush(() => process.exit(1))
  }
  process.on('uncaughtException', (error) => fail(error, 'an error was not handled; the server exits'))
  process.on('unhandledRejection', (error) => fail(error, 'a rejection was not handled; the server exits'))

  const app = createApp({
    env,
    log,
    onProgress: say,
    onFailure: (error) => fail(error, 'the database can be used no more; the server exits'),
  })
  let isShuttingDown = false
  const shutDown = () => {
    if (isShuttingDown) return
    isShuttingDown = true
    log.info('shutting down: draining in-flight requests')
    setTimeout(() => fail(new Error('the shutdown took too long'), 'the shutdown was cut off'), SHUTDOWN_MS).unref()
    app.stop().then(
      () => process.exit(0),
      (error: unknown) => fail(error, 'the shutdown failed'),
    )
  }
  process.on('SIGTERM', shutDown)
  process.on('SIGINT', shutDown)

  const { origin, newSignInUrl } = await app.start()
  say(`Gaugeline is ready at ${origin}`)
  say(`Open ${newSignInUrl()}`)
  say('The link signs you in once, within ten minutes. A restart prints a new one.')
}

main().catch((error: unknown) => {
  // A signal came during the start: the shutdown sets the exit code.
  if (error instanceof StoppedError) return
  const forPeople = error instanceof EnvError || error instanceof StartError
  giveUp(forPeople ? error.message : String(error instanceof Error ? error.stack : error))
})
