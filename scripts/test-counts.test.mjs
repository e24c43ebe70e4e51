import { expect, it } from 'vitest'
import { addCounts, countsLine, countsOf } from './test-counts.mjs'

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
