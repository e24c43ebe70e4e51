import { createRequire } from 'node:module'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

// Workspaces are imported from their sources here, so tests need no build. The rest are Vite's own server conditions,
// without `module`: what packages have under it is for bundlers, and Node cannot follow the imports of all of it.
const conditions = ['@gaugeline/source', 'node', 'development|production']

/** The tests with processes of their own take longest: they start first, so that none of them runs alone at the end. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    const isLong = ({ moduleId }: TestSpecification) => /\/test\/(process\/|delivery)/.test(moduleId)
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))]
  }
}

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
    // One more than the cores of a small machine: tests wait for servers, timers and sockets a good part of their time.
    maxWorkers: 3,
    // The modules of the server are loaded once for each worker, not for each file.
    isolate: false,
    sequence: { sequencer: LongestFirst },
    // V8 compiles the WebAssembly of the embedded database once, without its optimizing compiler: a server that lives
    // for seconds never earns back what that costs, which is more than half of the processor time of a start. The
    // server processes of the tests are started with the same flag.
    execArgv: ['--liftoff-only'],
    // For those that hang. Some start five servers, each of which takes a busy machine ten seconds.
    testTimeout: 90_000,
    hookTimeout: 120_000,
    teardownTimeout: 10_000,
    // By default a second, which a busy machine may need for one look at a database.
    expect: { poll: { timeout: 15_000 } },
  },
})
