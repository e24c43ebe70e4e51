import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Files that say how long something may take: a second file would take half of the processor from what they measure. */
const TIMED = ['away', 'journey', 'outage'].map((name) => `e2e/${name}.test.ts`)

/** Takes longest by far, and is a small file, which would start last and run alone at the end. */
const LONGEST = /\/e2e\/accessibility\./

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    const isLongest = ({ moduleId }: TestSpecification) => LONGEST.test(moduleId)
    return [...sorted.filter(isLongest), ...sorted.filter((file) => !isLongest(file))]
  }
}

/** By default a second, which a busy machine may need to draw a page. */
const PATIENT = { poll: { timeout: 15_000 } }

const inBrowser = {
  environment: 'node' as const,
  isolate: false,
  // As in api/vitest.config.ts; the server that a file starts gets the same flag.
  execArgv: ['--liftoff-only'],
  testTimeout: 180_000,
  hookTimeout: 120_000,
  expect: PATIENT,
}

export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    // One group of projects after the other. Modules are loaded once for each worker, not for each file.
    projects: [
      {
        test: {
          name: 'unit',
          include: ['src/**/*.test.{ts,tsx}'],
          environment: 'node',
          isolate: false,
          testTimeout: 90_000,
          expect: PATIENT,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          ...inBrowser,
          name: 'e2e',
          include: ['e2e/**/*.test.ts'],
          exclude: ['**/*.long.test.ts', ...TIMED],
          // Each file has a server and a browser of its own, and waits for them half of the time.
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          ...inBrowser,
          name: 'e2e-timed',
          include: TIMED,
          fileParallelism: false,
          // Last: by then the tests that `npm test` runs beside these are over.
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
})
