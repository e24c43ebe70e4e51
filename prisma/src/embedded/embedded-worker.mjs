// @ts-check
// PostgreSQL (PGlite) behind a Unix socket, in a worker thread of its own. Plain JavaScript, because Node itself starts
// a worker: it must run from the sources (tsx, vitest) and from the build alike, on a Node that strips no types.
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parentPort, workerData } from 'node:worker_threads'
import { PGlite } from '@electric-sql/pglite'
import { PGLiteSocketServer } from '@electric-sql/pglite-socket'
import { FolderGuard } from './folder-guard.mjs'
import { reasonOf } from './worker-errors.mjs'

/** @typedef {import('./embedded.ts').WorkerRequest} WorkerRequest */
/** @typedef {import('./embedded.ts').WorkerReport} WorkerReport */
/** @typedef {import('@electric-sql/pglite').ExecProtocolOptionsStream} StreamOptions */
/** @typedef {import('@electric-sql/pglite').QueryOptions} QueryOptions */

const QUERY = 'Q'.charCodeAt(0)
const SYNC = 'S'.charCodeAt(0)
const TERMINATE = 'X'.charCodeAt(0)
const STARTUP = 0
const SETTINGS = [
  // PostgreSQL's default of 128 MB would fill within hours of recording and look like a leak; the pages behind it are in
  // the operating system's cache anyway.
  'shared_buffers=16MB',
  // Nobody gathers statistics here. Without them the planner would rather read and sort half of a table than take the
  // few rows of a page from the index that has them in order; the table is in memory either way.
  'enable_sort=off',
  'random_page_cost=1.1',
]
/** PGlite's POSTGRES_MAIN_LONGJMP. */
const longJumpStatus = 100
/** How often it looks for the data folder while nobody asks for anything. */
const LOOK_EVERY_MS = 1000
const syncMessage = new Uint8Array([SYNC, 0, 0, 0, 4])

/**
 * All connections share the one session of PGlite, and the socket server hands it their messages one by one. Parse,
 * Bind and Execute of one statement are several messages: unless they are kept together, those of two connections mix
 * and one gets the answer of the other. So a connection that began a statement counts as in a transaction until its
 * Sync, which is what makes the socket server stay with it.
 */
class StatementWisePGlite extends PGlite {
  #insideStatement = false
  /** @type {(() => void) | null} */
  #beforeAnswer = null

  /**
   * Calls back before each answer leaves, also that to a COMMIT.
   *
   * @param {() => void} listener
   */
  beforeAnswer(listener) {
    this.#beforeAnswer = listener
  }

  /**
   * Errors of SQL leave PostgreSQL by a long jump. Anything else that is thrown is its end (a panic, memory that ran
   * out), and PGlite would call it again and again, forever.
   */
  endOnCrash() {
    const { mod } = this
    if (mod === undefined) throw new Error('PGlite is not ready')
    const runOnce = mod._PostgresMainLoopOnce
    mod._PostgresMainLoopOnce = () => {
      try {
        runOnce()
      } catch (error) {
        if (!isLongJump(error)) fail(error)
        throw error
      }
    }
  }

  /** @override */
  isInTransaction() {
    return this.#insideStatement || super.isInTransaction()
  }

  /**
   * @override
   * @param {Uint8Array} message
   * @param {StreamOptions} options
   */
  async execProtocolRawStream(message, options) {
    const type = message[0]
    this.#insideStatement = type !== QUERY && type !== SYNC && type !== TERMINATE && type !== STARTUP
    const onRawData = (/** @type {Uint8Array} */ data) => {
      this.#beforeAnswer?.()
      options.onRawData(data)
    }
    await super.execProtocolRawStream(message, { ...options, onRawData }).catch(fail)
  }

  /**
   * The socket server rolls back this way when a client vanished. In the middle of a statement, the session would skip
   * all that comes before a Sync.
   *
   * @override
   * @param {string} query
   * @param {QueryOptions} [options]
   */
  async exec(query, options) {
    if (this.#insideStatement) {
      this.#insideStatement = false
      await this.execProtocolRaw(syncMessage)
    }
    return super.exec(query, options)
  }
}

/** @param {unknown} error */
function isLongJump(error) {
  return typeof error === 'object' && error !== null && 'status' in error && error.status === longJumpStatus
}

/** @param {WorkerReport} message */
function report(message) {
  parentPort?.postMessage(message)
}

/**
 * @param {unknown} error
 * @returns {never}
 */
function fail(error) {
  report({ type: 'failed', reason: reasonOf(error) })
  // With the thread go all connections, so that waiting queries fail at once.
  process.exit(1)
}

// A client that vanishes resets its socket after the socket server took its listeners off.
process.on('uncaughtException', (error) => {
  const code = 'code' in error ? error.code : undefined
  if (code !== 'ECONNRESET' && code !== 'EPIPE') fail(error)
})
process.on('unhandledRejection', (error) => {
  // The queries of a vanished client are rejected with nobody left to handle the rejection.
  if (!(error instanceof Error && error.message === 'Handler disconnected')) fail(error)
})

async function main() {
  /** @type {import('./embedded.ts').WorkerSettings} */
  const { dataDir, pgData, lock, snapshot, socketPath, maxConnections } = workerData
  const guard = new FolderGuard(dataDir, lock)
  const endOnLoss = () => {
    const loss = guard.loss()
    if (loss !== null) fail(loss)
  }
  endOnLoss()
  const db = new StatementWisePGlite({
    dataDir: pgData,
    startParams: [...PGlite.defaultStartParams, ...SETTINGS.flatMap((setting) => ['-c', setting])],
    ...(snapshot !== null && { loadDataDir: new Blob([new Uint8Array(await readFile(snapshot))]) }),
  })
  await db.waitReady
  db.endOnCrash()
  // Made with the database and kept for as long as it lives.
  guard.keep(join(pgData, 'global', 'pg_control'))
  db.beforeAnswer(endOnLoss)
  setInterval(endOnLoss, LOOK_EVERY_MS).unref()
  const server = new PGLiteSocketServer({ db, path: socketPath, maxConnections })
  await server.start()

  parentPort?.on('message', (/** @type {WorkerRequest} */ request) => {
    serve(request, db, server).catch(fail)
  })
  report({ type: 'ready' })
}

/**
 * @param {WorkerRequest} request
 * @param {PGlite} db
 * @param {PGLiteSocketServer} server
 */
async function serve(request, db, server) {
  if (request.type === 'dump') {
    const dump = await db.dumpDataDir('gzip')
    await writeFile(request.path, new Uint8Array(await dump.arrayBuffer()))
    report({ type: 'dumped' })
  } else {
    await server.stop()
    await db.close()
    report({ type: 'stopped' })
  }
}

main().catch(fail)
