import { expect, it } from 'vitest'
import { failingOutput } from './turbo.mjs'

const OUTPUT = `@gaugeline/prisma:build: cache miss, executing 1
@gaugeline/prisma:build: fine
@gaugeline/api:build: cache miss, executing 2
@gaugeline/api:build: > tsc -p tsconfig.build.json
@gaugeline/api:build: src/bad.ts(1,7): error TS2322
`

it('shows only what the failed tasks printed, without the lines of npm and turbo', () => {
  expect(failingOutput(`${OUTPUT}\nFailed:    @gaugeline/api#build\n`)).toBe(
    '@gaugeline/api:build: src/bad.ts(1,7): error TS2322',
  )
})

it('shows everything when turbo names no task', () => {
  expect(failingOutput(OUTPUT)).toBe(OUTPUT)
})
