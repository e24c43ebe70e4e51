import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { openDatabase } from '../open-database.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gaugeline-socket-'))
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(folder, { recursive: true, force: true })
})

test.each([
  ['does not exist', () => join(folder, 'missing'), /cannot be used.*set TMPDIR/],
  ['is too long for a socket', () => join(folder, 'x'.repeat(90)), /path too long for a socket.*at most \d+ bytes/],
])(
  'a folder for temporary files that %s is refused in one line, and nothing stays locked',
  async (_what, path, line) => {
    const dataDir = join(folder, 'data')
    vi.stubEnv('TMPDIR', path())
    const refusal = await openDatabase({ dataDir }).catch((error: unknown) => error)
    expect(refusal).toMatchObject({ name: 'DatabaseStartError', message: expect.stringMatching(line) as string })
    expect(String(refusal)).not.toContain('\n')
    expect(existsSync(join(dataDir, 'gaugeline.lock'))).toBe(false)
  },
)
