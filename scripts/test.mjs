// npm test: everything, on a fresh clone too. Ends with a table, what failed, and one line of counts.
import './check-machine.mjs'

const { existsSync, mkdirSync, readFileSync, rmSync } = await import('node:fs')
const { getNewerNode, NEWER_NODE } = await import('./newer-node.mjs')
const { command, step, StepFailure } = await import('./progress.mjs')
const { endOnSignal, npmCommand, QUIET_ENV, ROOT, run, toolCommand } = await import('./run.mjs')
const { install } = await import('./install.mjs')
const { memoryFolder } = await import('./memory-folder.mjs')
const { failingOutput, runTurbo, turbo } = await import('./turbo.mjs')
const { addCounts, countsOf, countsLine, failuresOf, lastLines, NO_COUNTS } = await import('./test-counts.mjs')

const REPORTS = `${ROOT}node_modules/.cache/gaugeline-tests`
const SUITES = ['scripts', 'prisma', 'api', 'client']
/** What runs once more on the newer Node, by workspace: how it starts, serves, stores and ends. */
const ON_NEWER_NODE = {
  prisma: ['src/open-database.test.ts'],
  api: [
    'src/server/',
    'src/transports/',
    'test/contract.test.ts',
    'test/graphql-over-http.test.ts',
    'test/sample-subscriptions.test.ts',
    'test/process/shutdown.test.ts',
  ],
}
const beganAll = Date.now()
const parts = []

/**
 * Runs one part and notes its time, its counts, what failed and why it was skipped (`{ counts, failures, why }`, all
 * optional); a failed check counts as one failed test. Returns whether it passed. Parts that run side by side are
 * listed in the order in which they began.
 */
async function part(name, work) {
  const began = Date.now()
  const result = { name, counts: NO_COUNTS, failures: [], why: null, failed: false, ms: 0 }
  parts.push(result)
  try {
    const { why = null, counts = NO_COUNTS, failures = [] } = (await work()) ?? {}
    Object.assign(result, { why, counts, failures, failed: counts.failed > 0 })
  } catch (error) {
    if (!(error instanceof StepFailure)) throw error
    if (error.output) console.error(error.output.trimEnd())
    console.error(error.message)
    const failures = [[error.message, ...lastLines(error.output)].join('\n    ')]
    Object.assign(result, { counts: { ...NO_COUNTS, failed: 1 }, failures, failed: true })
  }
  result.ms = Date.now() - began
  return !result.failed
}

/** A check for which no test waits: it gets what the tests leave of the processor, and is silent unless it fails. */
async function check(name, runWith) {
  const { code, output } = await runWith({ isPatient: true })
  if (code !== 0) throw new StepFailure(`npm run ${name} failed.`, failingOutput(output))
}

/**
 * Runs vitest by `runWith`, which gets its reporters and how to treat its output; the counts and what failed come from
 * its JSON report. The output is shown as it comes, or at the end where other tests run beside.
 */
async function tests(title, runWith, isBeside = false) {
  const report = `${REPORTS}/${title.replaceAll(' ', '-')}.json`
  rmSync(report, { force: true })
  const heading = `\n… tests of ${title}`
  if (!isBeside) console.log(heading)
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  const { code, output } = await runWith(reporters, { inherit: !isBeside })
  if (isBeside) console.log(`${heading}\n${output.trimEnd()}`)
  const results = existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : null
  return { counts: countsOf(results, code), failures: failuresOf(results, code, ROOT) }
}

/** The tests of one workspace. */
function suite(name, isBeside) {
  const script = name === 'scripts' ? ['run', 'test:scripts'] : ['run', 'test', '--workspace', name]
  return tests(name, (reporters, options) => run(npmCommand(), [...script, '--', ...reporters], options), isBeside)
}

let newerNode

/** Gets the newer Node while other parts have the processor; without one its tests are skipped. */
async function gettingNewerNode() {
  newerNode = await getNewerNode()
  return { why: newerNode.fault }
}

/** Some of the tests once more, on the newer Node. */
async function onNewerNode() {
  const { path, fault } = newerNode
  if (fault) return { why: fault }
  const vitest = { command: path, args: toolCommand('vitest/vitest.mjs').args, shell: false }
  let counts = NO_COUNTS
  const failures = []
  for (const [name, files] of Object.entries(ON_NEWER_NODE)) {
    const result = await tests(
      `${name} on Node ${NEWER_NODE}`,
      (reporters, options) => run(vitest, ['run', ...files, ...reporters], { ...options, cwd: `${ROOT}${name}` }),
      true,
    )
    counts = addCounts(counts, result.counts)
    failures.push(...result.failures)
  }
  return { counts, failures }
}

/**
 * Finds or gets the browser before the tests, whose hooks have no time for a download; without one they fail and
 * explain how to get it.
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
  for (const { name, counts, why, failed, ms } of parts) {
    const figures = counts.passed + counts.skipped > 0 || SUITES.includes(name) ? `  ${countsLine(counts)}` : ''
    const note = why ? `  skipped: ${why}` : figures
    console.log(`${failed ? '✗' : '✓'} ${name.padEnd(width)} ${(ms / 1000).toFixed(1).padStart(7)} s${note}`)
  }
  const ms = Date.now() - beganAll
  console.log(`  ${'all'.padEnd(width)} ${(ms / 1000).toFixed(1).padStart(7)} s\n`)
  // Last, since the end of a log is what people see of it.
  for (const { name, failures } of parts) for (const line of failures) console.log(`✗ ${name}: ${line}`)
  console.log(countsLine(total))
  if (parts.some(({ failed }) => failed) || total.passed === 0) process.exitCode = 1
}

await command(async () => {
  endOnSignal()
  process.chdir(ROOT)
  // The tests choose their own: React has no `act` in production.
  delete QUIET_ENV.NODE_ENV
  QUIET_ENV.TMPDIR ??= memoryFolder() ?? undefined
  // The benchmark would install them by itself, but its test has no time for a slow download.
  const references = part('references', () => install(`${ROOT}api/bench`))
  const ready =
    (await part('install', install)) &&
    (await part('generate', () => turbo('generating code', ['generate', 'codegen'])))
  if (ready) {
    mkdirSync(REPORTS, { recursive: true })
    const checked = [
      part('lint', () => check('lint', (options) => run(npmCommand(), ['run', 'lint'], options))),
      part('typecheck', () => check('typecheck', (options) => runTurbo(['typecheck'], options))),
    ]
    await Promise.all([
      part('build', () => turbo('building', ['build', 'snapshot'])),
      part('browser', browser),
      part('newer Node', gettingNewerNode),
      references,
    ])
    // Tests wait for servers, timers and browsers a good part of their time: the processor has room for others beside
    // them. Those of the client that measure time come last, when the others are over.
    await Promise.all([
      part('api', () => suite('api')),
      (async () => {
        for (const name of ['scripts', 'prisma']) await part(name, () => suite(name, true))
      })(),
    ])
    await Promise.all([part('client', () => suite('client')), part(`on Node ${NEWER_NODE}`, onNewerNode), ...checked])
  }
  await references
  summary()
})
