import { mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { restartablePort } from '../tcp-proxy.ts'
import { ServerProcess } from './server-process.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gaugeline-output-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

it('a server whose output nobody reads any more says so once, serves, and still says why it ends', async () => {
  const port = await restartablePort()
  const dataDir = join(folder, 'data')
  mkdirSync(dataDir)
  await using server = ServerProcess.start({ DATA_DIR: dataDir, SEED: 'none', PORT: String(port), LOG_LEVEL: 'debug' })
  await server.printed(/Opening the embedded database/)
  server.closeStdout()
  const status = () => fetch(`http://127.0.0.1:${port}/readyz`).then((response) => response.status, String)
  await expect.poll(status, { timeout: 20_000 }).toBe(200)
  expect(server.stderr).toBe('The server runs on, but its output is lost: write EPIPE\n')

  renameSync(dataDir, join(folder, 'moved'))
  expect(await server.exited).toEqual({ code: 1, signal: null })
  expect(server.stderr).toMatch(
    /\nthe database can be used no more; the server exits: Error: The data folder .+ was deleted, moved, .+\n$/,
  )
})
