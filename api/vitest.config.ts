import { createRequire } from 'node:module'
import { defineConfig } from 'vitest/config'

// Workspaces are imported from their sources here, so tests need no build. The rest are Vite's own server conditions.
const conditions = ['@gaugeline/source', 'module', 'node', 'development|production']

export default defineConfig({
  // The graphql that Node gives to packages, not its second build that Vite would find: two in one process are refused.
  resolve: {
    conditions,
    alias: [{ find: /^graphql$/, replacement: createRequire(import.meta.url).resolve('graphql') }],
  },
  ssr: { resolve: { conditions } },
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    exclude: ['**/*.long.test.ts', '**/node_modules/**'],
    // Every file that opens the embedded database holds some 400 MB and most of a core while it starts.
    maxWorkers: 2,
    // V8 compiles the WebAssembly of the embedded database once, without its optimizing compiler: a server that lives
    // for seconds never earns back what that costs, which is more than half of the processor time of a start. The
    // server processes of the tests are started with the same flag.
    execArgv: ['--liftoff-only'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    teardownTimeout: 10_000,
  },
})
