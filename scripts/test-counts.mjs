// Counts the results in a vitest JSON report and names what failed, as lines for the end of a log.
import { relative } from 'node:path'
import { stripVTControlCharacters } from 'node:util'

export const NO_COUNTS = { passed: 0, failed: 0, skipped: 0 }

export function addCounts(a, b) {
  return { passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped }
}

/** `N passed, N failed`, and `, N skipped` when some were. */
export function countsLine({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`
}

/**
 * The counts of a run from its report and exit code. What belongs to no test counts as one more failure: a file that
 * could not be loaded, an error outside any test, a run without a report or without a single test that passed.
 */
export function countsOf(report, code) {
  if (report === null) return { ...NO_COUNTS, failed: 1 }
  const brokenFiles = report.testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  ).length
  const counts = {
    passed: report.numPassedTests,
    failed: report.numFailedTests + brokenFiles,
    skipped: report.numPendingTests + report.numTodoTests,
  }
  if (counts.failed === 0 && (code !== 0 || counts.passed === 0)) counts.failed = 1
  return counts
}

/**
 * What failed in a run, from its report and exit code, a line each: file (from `root`), test, and the first line of its
 * error. Empty when nothing did.
 */
export function failuresOf(report, code, root) {
  if (report === null) return [`no report was written: vitest ended with code ${code}`]
  const failures = report.testResults.flatMap(({ name, status, message, assertionResults }) => {
    if (status !== 'failed') return []
    const file = relative(root, name)
    const failed = assertionResults.filter((test) => test.status === 'failed')
    if (failed.length === 0) return [`${file}: ${firstLine(message) || 'a hook failed, see above'}`]
    return failed.map(({ ancestorTitles, title, failureMessages: [error] }) => {
      const test = [...ancestorTitles, title].filter(Boolean).join(' > ')
      return `${file} > ${test}: ${firstLine(error)}`
    })
  })
  if (failures.length > 0 || countsOf(report, code).failed === 0) return failures
  return [code === 0 ? 'no test passed' : `an error outside any test, see above: vitest ended with code ${code}`]
}

function firstLine(text = '') {
  return stripVTControlCharacters(text).trim().split('\n', 1)[0]
}

/** The end of what a command wrote, short enough for a summary. */
export function lastLines(output, count = 20) {
  const text = stripVTControlCharacters(output).trimEnd()
  return text === '' ? [] : text.split('\n').slice(-count)
}
