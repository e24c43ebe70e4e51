// Generates the Prisma client. `prisma generate` looks for a schema engine that it does not need, and would download
// it: any executable that exists satisfies it. The CLI is installed as `prisma-cli`: as `prisma`, @prisma/client takes it
// for its own optional peer, and `npm ci --omit=dev` installs it with its 132 packages.
import { spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const prisma = join(dirname(createRequire(import.meta.url).resolve('prisma-cli/package.json')), 'build', 'index.js')
const { status } = spawnSync(process.execPath, [prisma, 'generate', '--no-hints'], {
  cwd: fileURLToPath(new URL('..', import.meta.url)),
  env: {
    ...process.env,
    PRISMA_SCHEMA_ENGINE_BINARY: process.execPath,
    PRISMA_HIDE_UPDATE_MESSAGE: '1',
    CHECKPOINT_DISABLE: '1',
  },
  stdio: 'inherit',
})
process.exitCode = status ?? 1
