import { readdirSync, rmSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { buildFolder } from '../package-paths.ts'
import { findSnapshot, makeSnapshot } from './snapshot.ts'

// npm run snapshot: part of the build, run from the sources beside the rest of it.
const path = findSnapshot() ?? (await makeSnapshot())
for (const name of readdirSync(buildFolder)) {
  if (name.startsWith('snapshot-') && name !== basename(path)) rmSync(join(buildFolder, name))
}
console.log(`Snapshot of the embedded database: ${(statSync(path).size / 1e6).toFixed(1)} MB`)
