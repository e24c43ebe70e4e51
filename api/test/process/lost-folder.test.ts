import { mkdtempSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { prepareTestDatabase } from '@gaugeline/prisma/testing'
import { expect, it } from 'vitest'
import { ServerProcess, settingsOf } from './server-process.ts'

it('a server that nobody asks anything ends, and says why, when its data folder is moved away', async () => {
  await using database = await prepareTestDatabase('embedded')
  const { server } = await ServerProcess.serving(settingsOf(database))
  await using _server = server
  const folder = mkdtempSync(join(tmpdir(), 'gaugeline-moved-'))
  renameSync(database.dataDir!, join(folder, 'data'))
  expect(await server.exited).toEqual({ code: 1, signal: null })
  const fatal = server.stdout.split('\n').filter((line) => line.includes('"level":60'))
  expect(fatal.map((line) => JSON.parse(line) as unknown)).toMatchObject([
    { err: { message: expect.stringMatching(/^The data folder .+ was deleted, moved, .+ is gone\.$/) as string } },
  ])
  rmSync(folder, { recursive: true })
})
