import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    projects: [
      { test: { name: 'unit', include: ['src/**/*.test.{ts,tsx}'], environment: 'node' } },
      {
        test: {
          name: 'e2e',
          include: ['e2e/**/*.test.ts'],
          exclude: ['**/*.long.test.ts'],
          environment: 'node',
          // Each file starts a server and a browser; two at a time would compete for the CPU.
          fileParallelism: false,
          // As in api/vitest.config.ts; the server that a file starts gets the same flag.
          execArgv: ['--liftoff-only'],
          testTimeout: 90_000,
          hookTimeout: 90_000,
        },
      },
    ],
  },
})
