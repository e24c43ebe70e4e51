import { defineConfig } from 'vitest/config'

/** `npm run test:long`: figures that take an hour, or a machine of their own. One at a time. */
export default defineConfig({
  test: {
    include: ['e2e/**/*.long.test.ts'],
    fileParallelism: false,
    testTimeout: 2 * 60 * 60_000,
    hookTimeout: 90_000,
    reporters: ['verbose'],
  },
})
