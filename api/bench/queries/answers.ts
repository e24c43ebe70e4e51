import { isDeepStrictEqual } from 'node:util'
import type { GraphQLTestClient } from '../../test/graphql-client.ts'
import { HISTORY_QUERY, historyVariables, LATEST_QUERY, type Question } from './questions.ts'
import type { Figures, KnownFigures } from './reference-rows.ts'
import { PAGES, PAGE_SIZE } from './rows.ts'

const UUID = /[\da-f]{8}-(?:[\da-f]{4}-){3}[\da-f]{12}/
const TIME = /^\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)$/

/** An answer without what each server writes in its own way: ids, of which new ones differ anyway, and times. */
function comparable(value: unknown, key = ''): unknown {
  if (Array.isArray(value)) return value.map((each) => comparable(each))
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, comparable(each, name)]))
  }
  if (typeof value !== 'string') return value
  if (key === 'id') {
    const [uuid] = UUID.exec(Buffer.from(value, 'base64').toString()) ?? ['']
    return uuid.startsWith('00000000') ? uuid : uuid.length
  }
  return TIME.test(value) ? new Date(value).toISOString() : value
}

/** Answers of a server to a question: to the first and to the last variables, or one that can be had but once. */
export async function answersOf(client: GraphQLTestClient, question: Question): Promise<unknown[]> {
  const { query, variables, once } = question
  const asked = once ? variables.slice(-1) : [variables[0], variables.at(-1)]
  return await Promise.all(asked.map(async (each) => comparable(await client.data(query, each))))
}

/** Whether all say the same; a sentence about the first difference, or null. */
export function difference(server: string, question: Question, expected: unknown[], found: unknown[]): string | null {
  if (isDeepStrictEqual(expected, found)) return null
  const [should, does] = [JSON.stringify(expected), JSON.stringify(found)]
  const length = Math.max(should.length, does.length)
  const at = Array.from({ length }, (_each, index) => index).findIndex((index) => should[index] !== does[index])
  const part = (text: string) => text.slice(Math.max(0, at - 40), at + 60)
  return `${server} answers the ${question.name} otherwise: ${part(does)} instead of ${part(should)}`
}

/** What Gaugeline says of its deployments, for the references, which cannot measure. */
export async function knownFigures(client: GraphQLTestClient, histories: number, to: Date): Promise<KnownFigures> {
  const latest = new Map<number, Figures>()
  let after: string | null = null
  do {
    const { deployments }: LatestAnswer = await client.data(
      LATEST_QUERY.replace('edges', 'pageInfo { endCursor hasNextPage } edges'),
      { after },
    )
    for (const { node } of deployments.edges) {
      if (node.latestMetrics !== null) latest.set(numberOf(node.id), node.latestMetrics)
    }
    after = deployments.pageInfo.hasNextPage ? deployments.pageInfo.endCursor : null
  } while (after !== null)
  if (latest.size !== PAGES + PAGE_SIZE) throw new Error(`Gaugeline has figures of ${latest.size} deployments only.`)
  const history = new Map<number, readonly Figures[]>()
  for (let n = 1; n <= histories; n += 1) {
    const { deployment } = await client.data<HistoryAnswer>(HISTORY_QUERY, historyVariables(n, to))
    history.set(n, deployment.metricsHistory.points)
  }
  return { latest, history }
}

interface LatestAnswer {
  deployments: {
    pageInfo: { endCursor: string; hasNextPage: boolean }
    edges: { node: { id: string; latestMetrics: Figures | null } }[]
  }
}

interface HistoryAnswer {
  deployment: { metricsHistory: { points: Figures[] } }
}

const numberOf = (id: string) => Number(Buffer.from(id, 'base64').toString().slice(-12))
