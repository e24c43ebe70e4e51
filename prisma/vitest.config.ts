import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // By default a second, which a busy machine may need for one look at a database.
    expect: { poll: { timeout: 30_000 } },
    // The machine of a contributor has other things to do, and each embedded database takes some hundred megabytes.
    maxWorkers: 2,
    // The modules are loaded once for each worker, not for each file.
    isolate: false,
    // As in api/vitest.config.ts: databases that live for seconds never earn back an optimizing compiler.
    execArgv: ['--liftoff-only'],
  },
})
