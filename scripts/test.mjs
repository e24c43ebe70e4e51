// npm test: everything, one part after another, on a fresh clone too. Ends with a table and one line of counts.
import './check-node.mjs'

const { existsSync, mkdirSync, readFileSync, rmSync } = await import('node:fs')
const { command, step, StepFailure } = await import('./progress.mjs')
const { endOnSignal, npmCommand, QUIET_ENV, ROOT, run } = await import('./run.mjs')
const { install } = await import('./install.mjs')
const { turbo } = await import('./turbo.mjs')
const { addCounts, countsOf, countsLine, NO_COUNTS } = await import('./test-counts.mjs')

const REPORTS = `${ROOT}node_modules/.cache/gaugeline-tests`
const SUITES = ['scripts', 'prisma', 'api', 'client']
const parts = []

/** Runs one part and notes its time and counts; a failed check counts as one failed test. Returns whether it passed. */
async function part(name, work) {
  const began = Date.now()
  let counts = NO_COUNTS
  let failed = false
  try {
    counts = (await work()) ?? NO_COUNTS
    failed = counts.failed > 0
  } catch (error) {
    if (!(error instanceof StepFailure)) throw error
    if (error.output) console.error(error.output.trimEnd())
    console.error(error.message)
    counts = { ...NO_COUNTS, failed: 1 }
    failed = true
  }
  parts.push({ name, counts, failed, ms: Date.now() - began })
  return !failed
}

async function npmScript(title, more) {
  const result = await step(title, () => run(npmCommand(), more))
  if (result.code !== 0) throw new StepFailure(`${title} failed.`, result.output)
}

/** One workspace's vitest, its output shown as it comes; the counts come from its JSON report. */
async function suite(name) {
  const report = `${REPORTS}/${name}.json`
  rmSync(report, { force: true })
  const script = name === 'scripts' ? ['run', 'test:scripts'] : ['run', 'test', '--workspace', name]
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  console.log(`\n… tests of ${name}`)
  const { code } = await run(npmCommand(), [...script, '--', ...reporters], { inherit: true })
  return countsOf(existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : null, code)
}

/**
 * Finds or gets the browser before the tests, whose hooks have no time for a download; without one they fail and say
 * how.
 */
async function browser() {
  const { findChromium, NoChromiumError } = await import('./find-chromium.mjs')
  try {
    QUIET_ENV.CHROMIUM_PATH = await step('looking for a browser', findChromium)
  } catch (error) {
    if (!(error instanceof NoChromiumError)) throw error
    throw new StepFailure(error.message)
  }
}

function summary() {
  const total = parts.reduce((sum, { counts }) => addCounts(sum, counts), NO_COUNTS)
  const width = Math.max(...parts.map(({ name }) => name.length))
  console.log('')
  for (const { name, counts, failed, ms } of parts) {
    const figures = counts.passed + counts.skipped > 0 || SUITES.includes(name) ? `  ${countsLine(counts)}` : ''
    console.log(`${failed ? '✗' : '✓'} ${name.padEnd(width)} ${(ms / 1000).toFixed(1).padStart(7)} s${figures}`)
  }
  const ms = parts.reduce((sum, each) => sum + each.ms, 0)
  console.log(`  ${'all'.padEnd(width)} ${(ms / 1000).toFixed(1).padStart(7)} s\n`)
  console.log(countsLine(total))
  if (parts.some(({ failed }) => failed) || total.passed === 0) process.exitCode = 1
}

await command(async () => {
  endOnSignal()
  process.chdir(ROOT)
  const ready =
    (await part('install', install)) &&
    (await part('generate', () => turbo('generating code', ['generate', 'codegen'])))
  if (ready) {
    mkdirSync(REPORTS, { recursive: true })
    await part('lint', () => npmScript('linting', ['run', 'lint']))
    await part('typecheck', () => turbo('checking types', ['typecheck']))
    await part('build', () => turbo('building', ['generate', 'codegen', 'build']))
    await part('browser', browser)
    for (const name of SUITES) await part(name, () => suite(name))
  }
  summary()
})
