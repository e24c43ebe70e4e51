import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { ROOT } from './run.mjs'

const noClone = existsSync(join(ROOT, '.git')) ? '' : ' (skipped: this is no clone)'

it.skipIf(noClone)(`a clone has the same bytes where git would write the line ends of Windows${noClone}`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'gaugeline-clone-'))
  try {
    execFileSync('git', ['clone', '--quiet', '-c', 'core.autocrlf=true', ROOT, folder])
    const eol = execFileSync('git', ['ls-files', '--eol'], { cwd: folder, encoding: 'utf8' })
    expect(eol.split('\n').filter((line) => /w\/(crlf|mixed)/.test(line))).toEqual([])
  } finally {
    rmSync(folder, { recursive: true })
  }
})
