// Progress a person can follow: one line that counts seconds on a terminal, a line now and then in a log.
const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`

/**
 * Runs `work` under a title and returns what it returns. `work` gets a function that sets the detail shown after the
 * title. On a terminal the line is redrawn every second; elsewhere a line is written at the start and every ten
 * seconds.
 */
export async function step(title, work) {
  const terminal = process.stdout.isTTY
  const began = Date.now()
  let detail = ''
  const line = () => `${title}${detail && `: ${detail}`}, ${Math.floor((Date.now() - began) / 1000)} s`
  const draw = () => {
    if (terminal) process.stdout.write(`\r\u001b[2K… ${line().slice(0, (process.stdout.columns || 80) - 3)}`)
    else console.log(`… ${line()}`)
  }
  if (terminal) draw()
  else console.log(`… ${title}`)
  const timer = setInterval(draw, terminal ? 1_000 : 10_000)
  let failed = true
  try {
    const result = await work((text) => {
      detail = text
      if (terminal) draw()
    })
    failed = false
    return result
  } finally {
    clearInterval(timer)
    if (terminal) process.stdout.write('\r\u001b[2K')
    console.log(`${failed ? '✗' : '✓'} ${title}, ${seconds(Date.now() - began)}`)
  }
}

/** From now on, a reader of the output that leaves (`| head -1`) does not end this process. */
export function outliveReader() {
  process.stdout.on('error', () => undefined)
}

/** A failure that a person can correct: shown as its message alone, without a stack. */
export class StepFailure extends Error {
  constructor(message, output = '') {
    super(message)
    this.name = 'StepFailure'
    this.output = output
  }
}

/** Runs a command's body; a StepFailure ends the process with its output, its text and exit code 1. */
export async function command(body) {
  try {
    await body()
  } catch (error) {
    if (!(error instanceof StepFailure)) throw error
    if (error.output) console.error(error.output.trimEnd())
    console.error(error.message)
    process.exitCode = 1
  }
}
