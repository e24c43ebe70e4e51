// Preloaded into every measured server: answers, over the channel of its parent, what it has used so far, and which
// statements requests have caused between `record` and `recorded`; what all statements were between `watch` and `watched`.
import { AsyncLocalStorage } from 'node:async_hooks'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { createRequire } from 'node:module'

const requests = new AsyncLocalStorage()
/** Gives what was recorded, and leaves nothing behind. */
let stopRecording = () => []
let stopWatching = () => ({ statements: 0, stored: [] })

function record() {
  const pg = createRequire(process.argv[1])('pg')
  const { query } = pg.Client.prototype
  const recorded = []
  pg.Client.prototype.query = function (statement, values, ...rest) {
    // What nobody has requested is the server's own work.
    if (requests.getStore() !== undefined) {
      const asked = typeof statement === 'string' ? { text: statement } : statement
      const { name, text, rowMode, values: bound = values } = asked
      // What the driver is given ready to be sent makes rows of their fields by itself.
      const isOwn = asked.submit !== undefined
      recorded.push({
        name,
        text,
        rowMode: isOwn ? 'array' : rowMode,
        values: Array.isArray(bound) ? bound : undefined,
      })
    }
    return query.call(this, statement, values, ...rest)
  }
  const enter = () => requests.enterWith({})
  subscribe('http.server.request.start', enter)
  stopRecording = () => {
    pg.Client.prototype.query = query
    unsubscribe('http.server.request.start', enter)
    requests.disable()
    return recorded
  }
}

/** Counts all statements, and for those that store samples notes how late and how many. */
function watch() {
  const pg = createRequire(process.argv[1])('pg')
  const { query } = pg.Client.prototype
  const seen = { statements: 0, stored: [] }
  pg.Client.prototype.query = function (...args) {
    seen.statements += 1
    const [statement, values = statement.values] = args
    if (!(statement.text ?? statement).includes('insert into samples')) return query.apply(this, args)
    const [, , startsMs, lengthsMs] = values
    const endMs = Math.max(...startsMs) + lengthsMs[0]
    const note = () => seen.stored.push({ latenessMs: Date.now() - endMs, samples: startsMs.length })
    const callback = args.at(-1)
    if (typeof callback !== 'function') return query.apply(this, args).finally(note)
    args[args.length - 1] = (...answer) => {
      note()
      callback(...answer)
    }
    return query.apply(this, args)
  }
  stopWatching = () => {
    pg.Client.prototype.query = query
    return seen
  }
}

/** CPU of all threads in milliseconds, memory in bytes, after a collection when one is asked for. */
function figures(afterCollection) {
  // The second run collects what finalizers of the first have let go.
  if (afterCollection) for (let run = 0; run < 2; run += 1) globalThis.gc()
  const { user, system } = process.cpuUsage()
  const { rss, heapUsed, external } = process.memoryUsage()
  return { cpuMs: (user + system) / 1000, rss, heap: heapUsed + external }
}

function answerTo(ask) {
  if (ask === 'recorded') return stopRecording()
  if (ask === 'watched') return stopWatching()
  if (ask !== 'record' && ask !== 'watch') return figures(ask === 'memory')
  if (ask === 'record') record()
  else watch()
  return true
}

process.on('message', ({ ask }) => process.send({ answer: answerTo(ask) }))
process.on('disconnect', () => process.exit())
// The server ends as if nobody asked it anything.
process.channel.unref()
