// Child processes of the commands: where the repository is, a quiet environment, captured output, an end on Ctrl-C.
import { spawn } from 'node:child_process'
import { constants, getPriority, setPriority } from 'node:os'
import { fileURLToPath } from 'node:url'

export const ROOT = fileURLToPath(new URL('..', import.meta.url))

/** The environment of every child: tools neither report home nor look for newer versions of themselves. */
export const QUIET_ENV = {
  ...process.env,
  DO_NOT_TRACK: '1',
  TURBO_TELEMETRY_DISABLED: '1',
  TURBO_NO_UPDATE_NOTIFIER: '1',
  CHECKPOINT_DISABLE: '1',
  PRISMA_HIDE_UPDATE_MESSAGE: '1',
  NO_UPDATE_NOTIFIER: '1',
}

/** The npm that started us, as command and first arguments; else the one in PATH. */
export function npmCommand() {
  const script = process.env.npm_execpath
  if (script && /npm-cli\.c?js$/.test(script)) return { command: process.execPath, args: [script], shell: false }
  return { command: 'npm', args: [], shell: process.platform === 'win32' }
}

/** A JavaScript command of an installed package, as command and first arguments. */
export function toolCommand(path) {
  return { command: process.execPath, args: [`${ROOT}node_modules/${path}`], shell: false }
}

const running = new Set()

/** The niceness of who lets others have the processor first; nobody may be less nice than who started them. */
const PATIENT = constants.priority.PRIORITY_BELOW_NORMAL

/**
 * Runs a command to its end and gives `{ code, output }`; `onLine` is called with every line as it arrives. A command
 * that cannot start ends with code 127 and the reason in its output. With `isPatient` it lets others have the
 * processor first.
 */
export function run(
  { command, args, shell },
  more,
  { cwd = ROOT, env = {}, onLine, inherit = false, isPatient = false } = {},
) {
  return new Promise((resolve) => {
    const child = spawn(command, [...args, ...more], {
      cwd,
      shell,
      env: { ...QUIET_ENV, ...env },
      stdio: inherit ? 'inherit' : ['ignore', 'pipe', 'pipe'],
    })
    running.add(child)
    if (isPatient && child.pid !== undefined) setPriority(child.pid, Math.max(getPriority(), PATIENT))
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      let rest = ''
      stream?.setEncoding('utf8').on('data', (text) => {
        output += text
        const lines = (rest + text).split(/\r?\n/)
        rest = lines.pop()
        for (const line of lines) onLine?.(line)
      })
    }
    child.once('error', (error) => {
      running.delete(child)
      resolve({ code: 127, output: `${output}${error.message}\n` })
    })
    child.once('close', (code, signal) => {
      running.delete(child)
      resolve({ code: code ?? 128 + constants.signals[signal], output })
    })
  })
}

/** How long a child may take to end after a signal before it is killed. */
const GRACE_MS = 3_000

/**
 * On the first SIGINT or SIGTERM, ends what this process runs, waits for it, then ends this process, so that no `npm
 * ci` keeps writing after the command has ended. Returns a function that removes the handlers.
 */
export function endOnSignal() {
  let ending = false
  const end = (signal) => {
    // A terminal and npm may both send the same Ctrl-C.
    if (ending) return
    ending = true
    const exit = () => process.exit(128 + constants.signals[signal])
    if (running.size === 0) exit()
    for (const child of running) {
      child.once('close', () => running.size === 0 && exit())
      child.kill(signal)
    }
    setTimeout(() => {
      for (const child of running) child.kill('SIGKILL')
      exit()
    }, GRACE_MS)
  }
  process.on('SIGINT', end).on('SIGTERM', end)
  return () => process.off('SIGINT', end).off('SIGTERM', end)
}
