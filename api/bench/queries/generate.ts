import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { delimiter } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const BENCH = new URL('../', import.meta.url)
const SCHEMA = new URL('references/queries/schema.prisma', BENCH)
const PRISMA = new URL('../../node_modules/prisma/build/index.js', BENCH)
/** What the generators leave, the first with the schema that it was made from. */
const MADE = new URL('generated/client/schema.prisma', BENCH)
const MADE_FOR_POTHOS = new URL('node_modules/@pothos/plugin-prisma/generated.js', BENCH)

/** Generates the Prisma client of the references if it is not up to date. */
export async function generateClient(): Promise<void> {
  const isMade = existsSync(MADE) && existsSync(MADE_FOR_POTHOS)
  if (isMade && readFileSync(MADE, 'utf8') === readFileSync(SCHEMA, 'utf8')) return
  await promisify(execFile)(
    process.execPath,
    [fileURLToPath(PRISMA), 'generate', '--no-hints', '--schema', fileURLToPath(SCHEMA)],
    {
      cwd: fileURLToPath(BENCH),
      env: {
        ...process.env,
        PATH: [fileURLToPath(new URL('node_modules/.bin', BENCH)), process.env['PATH']].join(delimiter),
        // It looks for a schema engine that it does not need, and would download it: any executable satisfies it.
        PRISMA_SCHEMA_ENGINE_BINARY: process.execPath,
        PRISMA_HIDE_UPDATE_MESSAGE: '1',
        CHECKPOINT_DISABLE: '1',
      },
    },
  )
}
