import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // The machine of a contributor has other things to do, and each embedded database takes some hundred megabytes.
    maxWorkers: 2,
  },
})
