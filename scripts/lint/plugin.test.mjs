import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

// The real oxlint with the repository's own configuration, over a tree of small files: one run for all cases.
const cases = []
let tree
let found

const allowed = (from, code) => cases.push({ from, code, message: null })
const refused = (from, code, message) => cases.push({ from, code, message })

allowed('api/src/main.ts', `import { createApp } from './app.ts'`)
allowed('api/src/app.ts', `import { schema } from './schema/schema.ts'`)
allowed('api/src/graphql/context.ts', `import type { Deps } from '../deps.ts'`)
allowed('api/src/deployments/deployment.schema.ts', `import { builder } from '../graphql/builder.ts'`)
allowed('api/src/deployments/deployment.schema.ts', `import { Deployments } from './deployments.ts'`)
allowed('api/src/samples/metrics.schema.ts', `import { builder } from '../graphql/builder.ts'`)
allowed('api/src/deployments/deployments.ts', `import { prisma } from '@gaugeline/prisma'`)
allowed('api/src/deployments/deployments.ts', `import { RefusedError } from '../base/errors.ts'`)
allowed('api/src/deployments/deployments.ts', `import { TrainingJobs } from '../training/training-jobs.ts'`)
allowed('api/src/recording/recorder.ts', `import { topic } from '../bus/bus.ts'`)
allowed('api/src/recording/sources/simulator/p.ts', `import { Histogram } from '../../../metrics/histogram.ts'`)
allowed('api/src/server/router.ts', `import type { Telemetry } from '../telemetry.ts'`)
allowed('client/src/main.tsx', `import sdl from '../../api/schema.graphql?raw'`)
allowed('client/e2e/journey.test.ts', `import { findChromium } from '../../scripts/find-chromium.mjs'`)
refused('api/src/graphql/context.ts', `import { app } from '../app.ts'`, 'graphql may not import app (api/src/app.ts).')
refused(
  'api/src/graphql/a.ts',
  `import { deps } from '../deps.ts'`,
  'graphql may import only types of deps (api/src/deps.ts).',
)
refused(
  'api/src/graphql/a.ts',
  `export * from '../server/server.ts'`,
  'graphql may not import server (api/src/server/server.ts).',
)
refused(
  'api/src/deps.ts',
  `import { s } from './schema/schema.ts'`,
  'deps may not import schema (api/src/schema/schema.ts).',
)
refused(
  'api/src/server/health.ts',
  `import { Telemetry } from '../telemetry.ts'`,
  'server may import only types of telemetry (api/src/telemetry.ts).',
)
refused(
  'api/src/transports/sse.ts',
  `import { router } from '../server/router.ts'`,
  'transports may not import server (api/src/server/router.ts).',
)
refused(
  'api/src/deployments/deployments.ts',
  `import type { S } from './deployment.schema.ts'`,
  'deployments may not import *.schema (api/src/deployments/deployment.schema.ts).',
)
refused(
  'api/src/training/training-jobs.ts',
  `import { Deployments } from '../deployments/deployments.ts'`,
  'training may not import deployments (api/src/deployments/deployments.ts).',
)
refused(
  'api/src/deployments/deployments.ts',
  `const http = await import('../server/server.ts')`,
  'deployments may not import server (api/src/server/server.ts).',
)
refused(
  'api/src/training/training-jobs.ts',
  `import { GraphQLError } from 'graphql'`,
  'training may not import graphql: a service imports no GraphQL.',
)
refused(
  'api/src/auth/sessions.ts',
  `import SchemaBuilder from '@pothos/core'`,
  'auth may not import @pothos/core: a service imports no GraphQL.',
)
refused(
  'api/src/live/ring.ts',
  `import { Deployments } from '../deployments/deployments.ts'`,
  'live may not import deployments (api/src/deployments/deployments.ts).',
)
refused(
  'api/src/fanout/live-log.ts',
  `import type { Sample } from '../metrics/sample.ts'`,
  'fanout may not import metrics (api/src/metrics/sample.ts).',
)
refused(
  'api/src/recording/recorder.ts',
  `import { Log } from '../live/log.ts'`,
  'recording may not import live (api/src/live/log.ts).',
)
refused(
  'api/src/metrics/sample.ts',
  `import { Store } from '../samples/sample-store.ts'`,
  'metrics may not import samples (api/src/samples/sample-store.ts).',
)
refused(
  'api/src/recording/sources/simulator/a.ts',
  `import pg from 'pg'`,
  'recording may not import pg: only the store knows the database.',
)
refused(
  'client/src/a.ts',
  `import { x } from '@gaugeline/prisma'`,
  'client may not import prisma (prisma/src/index.ts).',
)
refused(
  'client/e2e/a.test.ts',
  `import { x } from '../../api/test/app.ts'`,
  'client/e2e may not import api/test/app.ts.',
)
refused(
  'prisma/src/seed.ts',
  `import { x } from '../../api/src/base/clock.ts'`,
  'prisma may not import base (api/src/base/clock.ts).',
)
refused(
  'api/src/utils/a.ts',
  `export const a = 1`,
  'This file belongs to no layer: give its folder a place in scripts/lint/layers.mjs.',
)

const onlyEnv = 'Only api/src/env.ts reads process.env; take the value as an argument.'
const service = 'api/src/auth/sessions.ts'
allowed(service, 'process.on("exit", close)')
allowed(service, 'const { env: own } = settings')
allowed('api/src/env.ts', 'export const port = process.env.PORT')
refused(service, 'const port = process.env.PORT', onlyEnv)
refused(service, 'const every = process["env"]', onlyEnv)
refused(service, 'const all = globalThis.process.env', onlyEnv)
refused(service, 'const { env: taken } = process', onlyEnv)
refused(service, `import { env as imported } from 'node:process'`, onlyEnv)

beforeAll(() => {
  // The plugin takes the folder two above itself as the repository, so a copy of it guards the copy's tree.
  tree = realpathSync(mkdtempSync(join(tmpdir(), 'gaugeline-lint-')))
  cpSync(join(ROOT, 'scripts/lint'), join(tree, 'scripts/lint'), { recursive: true })
  cpSync(join(ROOT, '.oxlintrc.json'), join(tree, '.oxlintrc.json'))
  for (const { from } of cases) {
    mkdirSync(dirname(join(tree, from)), { recursive: true })
    writeFileSync(join(tree, from), linesOf(from).join('\n'))
  }
  const oxlint = join(ROOT, 'node_modules/oxlint/bin/oxlint')
  const { stdout, stderr } = spawnSync(process.execPath, [oxlint, '-f', 'json'], { cwd: tree, encoding: 'utf8' })
  found = parse(stdout, stderr).filter(({ code }) => code.startsWith('gaugeline('))
}, 30_000)

afterAll(() => rmSync(tree, { recursive: true, force: true }))

/** The cases of one file are its lines. */
function linesOf(from) {
  return cases.filter((each) => each.from === from).map(({ code }) => code)
}

function parse(stdout, stderr) {
  const start = stdout.indexOf('{')
  if (start < 0) throw new Error(`oxlint said: ${stdout}${stderr}`)
  return JSON.parse(stdout.slice(start)).diagnostics
}

describe('the rules of the house', () => {
  it.each(cases.map((each) => [each.message === null ? 'allow' : 'refuse', each.from, each.code, each.message]))(
    '%s in %s: %s',
    (_, from, code, message) => {
      const line = linesOf(from).indexOf(code) + 1
      const here = found.filter(({ filename, labels }) => filename === from && labels[0].span.line === line)
      expect(here.map((each) => each.message)).toEqual(message === null ? [] : [message])
    },
  )
})
