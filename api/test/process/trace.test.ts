import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { prepareTestDatabase } from '@gaugeline/prisma/testing'
import { expect, it } from 'vitest'
import { GraphQLTestClient } from '../graphql-client.ts'
import { WsTestClient } from '../ws-client.ts'
import { change, register } from './documents.ts'
import { ADMIN_TOKEN, ServerProcess, settingsOf } from './server-process.ts'

const INTERVAL_MS = 50
const SECOND_TICKS = 10_000_000

interface Figures {
  at: string
  requests: number
  promptTokens: number
  generatedTokens: number
}

/** Each window of a new deployment's samples from its first on, until `isEnough`. */
async function follow(
  origin: string,
  isEnough: (all: Figures[], createdAt: number) => boolean,
): Promise<{ all: Figures[]; id: string; createdAtMs: number }> {
  const client = GraphQLTestClient.withToken(origin, ADMIN_TOKEN)
  const jobId = await register(client, 'replayed/model', 'replayed')
  const id = await change(client, 'deploy', jobId, 'replayed')
  const { node } = await client.data<{ node: { createdAt: string; metricsHistory: { endCursor: string } } }>(
    `query ($id: ID!) { node(id: $id) { ... on Deployment {
      createdAt metricsHistory(from: "2000-01-01T00:00:00Z", to: "2000-01-02T00:00:00Z") { endCursor }
    } } }`,
    { id },
  )
  const createdAtMs = Date.parse(node.createdAt)
  const socket = await WsTestClient.connect(origin, ADMIN_TOKEN)
  socket.subscribe(
    `subscription ($id: ID!, $after: SampleCursor) {
      inferenceMetrics(deploymentId: $id, after: $after) { metrics { at requests promptTokens generatedTokens } }
    }`,
    { id, after: node.metricsHistory.endCursor },
  )
  const all: Figures[] = []
  while (!isEnough(all, createdAtMs)) {
    const { data } = (await socket.next()) as { data: { inferenceMetrics: { metrics: Figures } } }
    all.push(data.inferenceMetrics.metrics)
  }
  await socket.close()
  return { all, id, createdAtMs }
}

function totals(figures: readonly Figures[]): Omit<Figures, 'at'> {
  const sum = (of: 'requests' | 'promptTokens' | 'generatedTokens') => figures.reduce((all, each) => all + each[of], 0)
  return { requests: sum('requests'), promptTokens: sum('promptTokens'), generatedTokens: sum('generatedTokens') }
}

it('a recorded trace drives a deployment, and each whole loop from the second on stores its totals', async () => {
  // A span of 1,440 ms and one mean gap more: a loop of 1,500 ms, thirty windows.
  const rows = Array.from({ length: 25 }, (_, row) => ({
    ticks: (row * 1.44 * SECOND_TICKS) / 24,
    promptTokens: 100 + ((row * 37) % 900),
    generatedTokens: (row * 7) % 30,
  }))
  const lines = rows.map(({ ticks, promptTokens, generatedTokens }) => {
    const seconds = Math.floor(ticks / SECOND_TICKS)
    const fraction = String(Math.round(ticks % SECOND_TICKS)).padStart(7, '0')
    return `2023-11-16 18:15:4${seconds}.${fraction},${promptTokens},${generatedTokens}`
  })
  const folder = mkdtempSync(join(tmpdir(), 'gaugeline-trace-'))
  const path = join(folder, 'short.csv')
  writeFileSync(path, `TIMESTAMP,ContextTokens,GeneratedTokens\n${lines.join('\n')}\n`)
  const ofFile = totals(rows.map((row) => ({ at: '', requests: 1, ...row })))

  await using database = await prepareTestDatabase('embedded')
  const { server, origin } = await ServerProcess.serving({
    ...settingsOf(database),
    TRAFFIC_TRACE: path,
    SAMPLE_INTERVAL_MS: String(INTERVAL_MS),
  })
  await using _ = server
  const windows = 1_500 / INTERVAL_MS
  // Whole windows that follow the first loop.
  const afterFirstLoop = (all: Figures[], createdAtMs: number) =>
    all.filter(({ at }) => Date.parse(at) >= createdAtMs + 1_500)
  const { all, id, createdAtMs } = await follow(origin, (seen, at) => afterFirstLoop(seen, at).length >= 2 * windows)
  const later = afterFirstLoop(all, createdAtMs)
  const starts = later.map(({ at }) => Date.parse(at) - Date.parse(later[0]?.at ?? ''))
  expect(starts).toEqual(later.map((_each, at) => at * INTERVAL_MS))
  for (let first = 0; first + windows <= later.length; first += 1) {
    expect(totals(later.slice(first, first + windows))).toEqual(ofFile)
  }

  const from = later[0]?.at
  const to = new Date(Date.parse(from ?? '') + 3_000).toISOString()
  const { node } = await GraphQLTestClient.withToken(origin, ADMIN_TOKEN).data(
    `query ($id: ID!, $from: DateTime!, $to: DateTime!) { node(id: $id) { ... on Deployment {
      metricsHistory(from: $from, to: $to) { summary { coveredSeconds requests promptTokens generatedTokens } }
    } } }`,
    { id, from, to },
  )
  const { requests, promptTokens, generatedTokens } = ofFile
  expect(node).toEqual({
    metricsHistory: {
      summary: {
        coveredSeconds: 3,
        requests: 2 * requests,
        promptTokens: 2 * promptTokens,
        generatedTokens: 2 * generatedTokens,
      },
    },
  })
  rmSync(folder, { recursive: true })
})

const recorded = fileURLToPath(new URL('../../../../shared/data/azure-llm-inference-2023-conv.csv', import.meta.url))
const isAbsent = !existsSync(recorded)
const absent = isAbsent ? ' (skipped: ../shared/data/azure-llm-inference-2023-conv.csv is absent)' : ''

it.skipIf(isAbsent)(
  `a recorded trace starts with the first request of its hour${absent}`,
  async () => {
    await using database = await prepareTestDatabase('embedded')
    const { server, origin } = await ServerProcess.serving({
      ...settingsOf(database),
      TRAFFIC_TRACE: recorded,
      SAMPLE_INTERVAL_MS: String(INTERVAL_MS),
    })
    await using _ = server
    const { all } = await follow(origin, (seen) => (seen.at(-1)?.requests ?? 0) > 0)
    // Its next one comes more than four seconds later.
    expect(all.at(-1)).toMatchObject({ requests: 1, promptTokens: 374, generatedTokens: 44 })
    expect(all.slice(0, -1).every(({ requests }) => requests === 0)).toBe(true)
  },
  60_000,
)
