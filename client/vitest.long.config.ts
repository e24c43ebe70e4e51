import { defineConfig } from 'vitest/config'

/** `npm run test:long`: measurements that take an hour, or that need an otherwise idle machine. One at a time. */
export default defineConfig({
  test: {
    include: ['e2e/**/*.long.test.ts'],
    fileParallelism: false,
    testTimeout: 2 * 60 * 60_000,
    hookTimeout: 120_000,
    reporters: ['verbose'],
  },
})
