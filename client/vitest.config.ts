import { defineConfig } from 'vitest/config'

/** Files that say how long something may take: a second file would take half of the processor from what they measure. */
const TIMED = ['away', 'connection', 'journey', 'layout-shift'].map((name) => `e2e/${name}.test.ts`)

const inBrowser = {
  environment: 'node' as const,
  isolate: false,
  // As in api/vitest.config.ts; the server that a file starts gets the same flag.
  execArgv: ['--liftoff-only'],
  testTimeout: 90_000,
  hookTimeout: 90_000,
}

export default defineConfig({
  test: {
    // One group of projects after the other. Modules are loaded once for each worker, not for each file.
    projects: [
      {
        test: {
          name: 'unit',
          include: ['src/**/*.test.{ts,tsx}'],
          environment: 'node',
          isolate: false,
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
