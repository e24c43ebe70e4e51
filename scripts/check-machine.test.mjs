import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { ROOT } from './run.mjs'

it.each(['#', '?', '*'])('a clone in a path with %s is refused in one line, before anything is installed', (sign) => {
  const folder = mkdtempSync(join(tmpdir(), `gaugeline${sign}-`))
  try {
    cpSync(join(ROOT, 'scripts'), join(folder, 'scripts'), { recursive: true })
    const { status, stdout, stderr } = spawnSync(process.execPath, ['scripts/start.mjs'], {
      cwd: folder,
      encoding: 'utf8',
    })
    expect({ status, stdout, stderr }).toEqual({
      status: 1,
      stdout: '',
      stderr: `Gaugeline cannot be built in ${folder}/: move it to a folder without #, ? and * in its path.\n`,
    })
  } finally {
    rmSync(folder, { recursive: true })
  }
})
