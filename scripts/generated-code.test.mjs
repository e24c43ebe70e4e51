import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { ROOT } from './run.mjs'

const GENERATED = ['client/src/graphql/gql', 'api/schema.graphql']

/** The paths below these that are not as they were committed. */
function changed(...paths) {
  return execFileSync('git', ['status', '--porcelain', '--', ...paths], { cwd: ROOT, encoding: 'utf8' }).trimEnd()
}

const isClone = existsSync(join(ROOT, '.git'))
// `npm test` has generated anew. While somebody works on what it is made from, it differs from what was committed.
const isAtWork = isClone && changed('.', ...GENERATED.map((path) => `:!${path}`)) !== ''
const why = !isClone
  ? ' (skipped: this is no clone)'
  : isAtWork
    ? ' (skipped: other changes are not committed yet)'
    : ''

it.skipIf(why)(`generated code was committed with what it is made from, by npm run generate${why}`, () => {
  expect(changed(...GENERATED)).toBe('')
})
