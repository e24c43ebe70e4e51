import { cpSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openDatabase } from './open-database.ts'
import { createTestDatabase } from './testing.ts'

describe('the epoch of an embedded database', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'gaugeline-epoch-'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  test('is another one in a copy and in a restored backup of the data folder, and the same in a moved folder', async () => {
    await using original = await createTestDatabase('embedded')
    const dataDir = original.dataDir ?? ''
    await original.close()
    const epochOf = async (dir: string) => {
      const open = await openDatabase({ dataDir: dir })
      await open.close()
      return open.epoch
    }
    const keep = { recursive: true, preserveTimestamps: true }
    cpSync(dataDir, join(folder, 'copy'), keep)
    renameSync(dataDir, join(folder, 'moved'))
    expect(await epochOf(join(folder, 'moved'))).toBe(original.epoch)

    // In the very place of the original, where its inodes may be used again.
    rmSync(join(folder, 'moved'), { recursive: true })
    cpSync(join(folder, 'copy'), join(folder, 'moved'), keep)
    const restored = await epochOf(join(folder, 'moved'))
    const copied = await epochOf(join(folder, 'copy'))
    expect(new Set([original.epoch, copied, restored]).size).toBe(3)
  })

  test('stays when the volume is mounted under another device number', async () => {
    await using original = await createTestDatabase('embedded')
    const dataDir = original.dataDir ?? ''
    const identity = 'update log_state set identity = regexp_replace(identity, $1, $2) returning identity'
    // As releases stored it that took the device for a part of the identity.
    const { rows } = await original.pool.query<{ identity: string }>(identity, [' ([0-9:]+)$', ' 66306:\\1'])
    expect(rows[0]?.identity).toMatch(/ 66306:\d+:\d*$/)
    await original.close()
    for (let start = 1; start <= 2; start += 1) {
      const again = await openDatabase({ dataDir })
      await again.close()
      expect(again.epoch).toBe(original.epoch)
    }
  })
})
