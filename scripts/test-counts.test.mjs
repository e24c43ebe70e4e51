import { describe, expect, it } from 'vitest'
import { addCounts, countsLine, countsOf, failuresOf, lastLines } from './test-counts.mjs'

const report = (more) => ({
  numPassedTests: 3,
  numFailedTests: 0,
  numPendingTests: 1,
  numTodoTests: 1,
  testResults: [],
  ...more,
})

it('counts passed, failed and skipped as vitest reports them', () => {
  expect(countsOf(report({}), 0)).toEqual({ passed: 3, failed: 0, skipped: 2 })
  expect(countsOf(report({ numFailedTests: 2 }), 1)).toEqual({ passed: 3, failed: 2, skipped: 2 })
})

it('counts a file that could not be loaded as a failure', () => {
  const broken = { status: 'failed', assertionResults: [] }
  expect(countsOf(report({ testResults: [broken] }), 1).failed).toBe(1)
  const withFailedTest = { status: 'failed', assertionResults: [{ status: 'failed' }] }
  expect(countsOf(report({ numFailedTests: 1, testResults: [broken, withFailedTest] }), 1).failed).toBe(2)
})

it('counts a run as failed that gave no report, ended badly or tested nothing', () => {
  expect(countsOf(null, 0).failed).toBe(1)
  expect(countsOf(report({}), 1).failed).toBe(1)
  expect(countsOf(report({ numPassedTests: 0 }), 0).failed).toBe(1)
})

it('says the counts in one line, the skipped ones only when there are any', () => {
  const sum = addCounts({ passed: 1, failed: 0, skipped: 0 }, { passed: 2, failed: 1, skipped: 0 })
  expect(countsLine(sum)).toBe('3 passed, 1 failed')
  expect(countsLine({ ...sum, skipped: 4 })).toBe('3 passed, 1 failed, 4 skipped')
})

describe('what failed', () => {
  const failed = (title, ancestorTitles, error) => ({
    status: 'failed',
    title,
    ancestorTitles,
    failureMessages: [error],
  })
  const file = (more) => ({ name: '/repo/api/a.test.ts', status: 'failed', message: '', assertionResults: [], ...more })
  const of = (testResults, code = 1) => failuresOf(report({ numFailedTests: 1, testResults }), code, '/repo/')

  it('is named by file, test and the first line of its error', () => {
    const assertionResults = [
      failed('ends', ['a server', 'on postgres'], '\u001b[31mAssertionError: expected 1 to be 2\u001b[39m\n    at x'),
      { status: 'passed', title: 'begins', ancestorTitles: [], failureMessages: [] },
      failed('waits', [''], 'Error: Test timed out in 30000ms.'),
    ]
    expect(of([file({ assertionResults }), file({ status: 'passed' })])).toEqual([
      'api/a.test.ts > a server > on postgres > ends: AssertionError: expected 1 to be 2',
      'api/a.test.ts > waits: Error: Test timed out in 30000ms.',
    ])
  })

  it('may be a file that could not be loaded, or a hook', () => {
    expect(of([file({ message: "Cannot find package 'x'\nmore" }), file({})])).toEqual([
      "api/a.test.ts: Cannot find package 'x'",
      'api/a.test.ts: a hook failed, see above',
    ])
  })

  it('may be no test at all, and is nothing in a good run', () => {
    expect(failuresOf(null, 137, '/repo/')).toEqual(['no report was written: vitest ended with code 137'])
    expect(failuresOf(report({}), 1, '/repo/')).toEqual([
      'an error outside any test, see above: vitest ended with code 1',
    ])
    expect(failuresOf(report({ numPassedTests: 0 }), 0, '/repo/')).toEqual(['no test passed'])
    expect(failuresOf(report({}), 0, '/repo/')).toEqual([])
  })

  it('of a command is the end of its output', () => {
    expect(lastLines(`1\n2\n\u001b[31m3\u001b[39m\n\n`, 2)).toEqual(['2', '3'])
    expect(lastLines('\n')).toEqual([])
  })
})
