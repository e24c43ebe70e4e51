import { type Measured, medianOf } from '../rounds.ts'
import { figure, type Verdict } from '../section.ts'
import type { Asked, Measurement } from './measure.ts'

export const askedName = (server: string, question: string, equal: boolean) =>
  `${server}, ${question}${equal ? ', equal' : ''}`

const sum = ({ serverUs, backendsUs }: Measurement) => serverUs + backendsUs

const COLUMNS: Record<string, (each: Measurement) => number> = {
  'CPU, µs a request': sum,
  server: ({ serverUs }) => serverUs,
  PostgreSQL: ({ backendsUs }) => backendsUs,
  'requests a second': ({ perSecond }) => perSecond,
  'p50, ms': ({ p50Ms }) => p50Ms,
  'p99, ms': ({ p99Ms }) => p99Ms,
  bytes: ({ bytesPerAnswer }) => bytesPerAnswer,
  'busy, %': ({ busy }) => busy * 100,
  'load busy, %': ({ loadBusy }) => loadBusy * 100,
}

export const QUERY_COLUMNS = ['server, request', ...Object.keys(COLUMNS)]

export function queryRows(measured: readonly Measured<Measurement>[]): string[][] {
  return measured.map(({ name, measurements }) => [
    name,
    ...Object.values(COLUMNS).map((value) => figure(medianOf(measurements, value))),
  ])
}

/** What Gaugeline may cost beside each of the others, by what the name of the question begins with. */
const TARGETS = [
  { server: 'PostGraphile', question: 'small', target: 1.2 },
  { server: 'PostGraphile', question: 'page of 50 × 12', target: 1 },
  { server: 'node:http', question: '', target: 2 },
  { server: 'Yoga + Pothos + Prisma', question: '', target: 0.5 },
]
const EQUAL_TARGET = 0.2

/** By the sum of the CPU of both, for what was measured of Gaugeline and of the other. */
export function queryVerdicts(measured: readonly Measured<Measurement>[], asked: readonly Asked[]): Verdict[] {
  const costs = new Map(measured.map(({ name, measurements }) => [name, medianOf(measurements, sum)]))
  const own = asked.filter(({ server }) => server.name === 'Gaugeline')
  return own.flatMap(({ name, question, equal }): Verdict[] => {
    const what = `CPU a request, ${question.name}${equal ? ', equal' : ''}`
    const verdict = (other: string, target: number, to: string) => {
      const value = (costs.get(name) ?? Number.NaN) / (costs.get(other) ?? Number.NaN)
      return costs.has(other) ? [{ what: `${what}, to ${to}`, value, target, unit: '×' }] : []
    }
    return [
      ...TARGETS.filter((each) => question.name.startsWith(each.question)).flatMap(({ server, target }) =>
        verdict(askedName(server, question.name, equal), target, server),
      ),
      ...(equal ? verdict(askedName('Gaugeline', question.name, false), EQUAL_TARGET, 'distinct ones') : []),
    ]
  })
}
