import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { memoryFolder } from './memory-folder.mjs'

it('a folder in memory is removed when the process that made it ends, with all that is in it', () => {
  const memory = mkdtempSync(join(tmpdir(), 'gaugeline-memory-'))
  try {
    const script = `import { writeFileSync } from 'node:fs'
      import { memoryFolder } from ${JSON.stringify(new URL('memory-folder.mjs', import.meta.url))}
      const folder = memoryFolder({ memory: ${JSON.stringify(memory)}, leastFreeBytes: 0 })
      writeFileSync(folder + '/left', '')
      process.stdout.write(folder)`
    const folder = execFileSync(process.execPath, ['--input-type=module', '--eval', script], { encoding: 'utf8' })
    expect(folder.startsWith(memory)).toBe(true)
    expect(existsSync(folder)).toBe(false)
  } finally {
    rmSync(memory, { recursive: true })
  }
})

it('there is none where the memory is small or missing', () => {
  const memory = mkdtempSync(join(tmpdir(), 'gaugeline-memory-'))
  try {
    expect(memoryFolder({ memory, leastFreeBytes: 2 ** 60 })).toBe(null)
    expect(memoryFolder({ memory: join(memory, 'missing'), leastFreeBytes: 0 })).toBe(null)
    expect(readdirSync(memory)).toEqual([])
  } finally {
    rmSync(memory, { recursive: true })
  }
})
