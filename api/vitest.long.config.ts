import { defineConfig } from 'vitest/config'
import base from './vitest.config.ts'

/** `npm run test:long`: soaks, many seeds, repeated faults. One at a time, for they measure. */
export default defineConfig({
  ...base,
  test: {
    ...base.test,
    include: ['src/**/*.long.test.ts', 'test/**/*.long.test.ts'],
    exclude: ['**/node_modules/**'],
    maxWorkers: 1,
    execArgv: [],
    fileParallelism: false,
    testTimeout: 2 * 60 * 60_000,
    reporters: ['verbose'],
  },
})
