import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { getNewerNode } from '../../../scripts/newer-node.mjs'

/** PostGraphile runs on no older one. */
async function hasNewerNode(): Promise<boolean> {
  return Number.parseInt(process.versions.node) >= 22 || (await getNewerNode()).path !== undefined
}

const api = fileURLToPath(new URL('../../', import.meta.url))

/** The table of a part: its rows by the name of the server, with the columns by their titles. */
function tableOf(printed: string, title: string): Record<string, string>[] {
  const lines = printed.slice(printed.indexOf(`\n${title}\n`) + title.length + 2).split('\n')
  const [head = [], ...rows] = lines.slice(0, lines.indexOf('')).map((line) => line.trim().split(/ {2,}/))
  return rows.map((row) => Object.fromEntries(head.map((column, at) => [column, row[at] ?? ''])))
}

it('the benchmark measures all servers, and every delivery is exact', async () => {
  const parts = ['fanout', 'sse', 'many', 'stalled', 'storm', 'http', 'history', 'recording', 'sources']
  const args = ['--import', 'tsx', '--conditions=@gaugeline/source', 'bench/main.ts', '--quick', ...parts]
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: api, timeout: 280_000 })

  const titles = ['Fan-out over WebSocket', 'Fan-out over SSE', '16 subscriptions on one socket']
  const delivered = titles.flatMap((title) => tableOf(stdout, title))
  expect(new Set(delivered.map(({ server }) => server))).toEqual(
    new Set([
      'raw ws',
      'Gaugeline',
      'Yoga + Pothos + graphql-ws',
      'Mercurius',
      'Apollo Server + graphql-ws',
      'raw SSE',
      'Gaugeline, SSE',
      'Yoga, SSE',
      'raw ws, 16 sends a socket',
    ]),
  )
  const all = [
    ...delivered,
    ...['A reader that stops reading', 'A storm of reconnects'].flatMap((title) => tableOf(stdout, title)),
  ]
  expect(all.filter((row) => row['lost or doubled'] !== '0')).toEqual([])
  // Each has given the same answers as Gaugeline before it was measured, or that is a fault.
  const asked = tableOf(stdout, 'Queries by POST').map((row) => row['server, request']?.split(',', 1)[0])
  expect(new Set(asked)).toEqual(
    new Set([
      'Gaugeline',
      'node:http',
      'Yoga + Pothos + Prisma',
      'Apollo Server + Prisma',
      'Mercurius (JIT) + Prisma',
      ...((await hasNewerNode()) ? ['PostGraphile'] : []),
    ]),
  )
  expect(stdout).not.toContain('FAULT')
}, 300_000)
