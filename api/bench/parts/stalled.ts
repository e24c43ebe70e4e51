import { LoadProcess } from '../load/load.ts'
import { interleaved, medianOf, pause, type Run, sumOf } from '../rounds.ts'
import { figure, type Section } from '../section.ts'
import { gaugeline, reference, type Start } from '../servers.ts'

/** A hundred samples a second. */
const INTERVAL_MS = 10
const SUBSCRIPTIONS = 20
const MB = 2 ** 20

interface Contestant {
  name: string
  start: Start
  /** A raw message holds the id of its subscription, so each has a deployment of its own there. */
  deployments: number
}

interface Measurement {
  rssMb: number
  heapMb: number
  /** What the readers were given too little or too much. */
  wrong: number
  delivered: number
  p99Ms: number
  faults: string[]
  /** Of the one that does not read: whether the server has cut it. */
  isCut: boolean
}

const OTHERS: Contestant[] = [
  { name: 'Yoga + Pothos + graphql-ws', start: reference('yoga.mjs', 'graphql'), deployments: 1 },
  { name: 'Mercurius', start: reference('mercurius.mjs', 'graphql'), deployments: 1 },
]

/** One socket with many subscriptions stops reading, while others continue. */
export async function stalled(run: Run): Promise<Section> {
  const plan = run.quick ? { readers: 5, warmMs: 500, stallMs: 1_000 } : { readers: 50, warmMs: 5_000, stallMs: 40_000 }
  const contestants: Contestant[] = [
    { name: 'raw ws', start: reference('raw-ws.mjs', 'raw'), deployments: SUBSCRIPTIONS },
    { name: 'Gaugeline', start: gaugeline, deployments: 1 },
    ...(run.quick ? [] : OTHERS),
  ]
  // Memory needs no rounds: what a server keeps for a reader it keeps every time.
  const measured = await interleaved({ ...run, rounds: 1 }, contestants, (each) => measure(each, plan))
  const faults: string[] = []
  const remarks: string[] = []
  const rows = measured.map(({ name, measurements, failures }) => {
    const said = name === 'Gaugeline' ? faults : remarks
    said.push(...failures.map((failure) => `${name}: ${failure}`))
    said.push(...measurements.flatMap((each) => each.faults.map((fault) => `${name}: ${fault}`)))
    const wrong = sumOf(measurements, (each) => each.wrong)
    if (wrong > 0) said.push(`${name}: ${wrong} samples of the readers lost or doubled`)
    return [
      name,
      measurements.length > 0 ? 'yes' : 'no',
      figure(medianOf(measurements, ({ rssMb }) => rssMb)),
      figure(medianOf(measurements, ({ heapMb }) => heapMb)),
      measurements.some(({ isCut }) => isCut) ? 'cut' : 'kept',
      String(sumOf(measurements, ({ delivered }) => delivered)),
      String(wrong),
      figure(medianOf(measurements, ({ p99Ms }) => p99Ms)),
    ]
  })
  const ours = measured.find(({ name }) => name === 'Gaugeline')?.measurements ?? []
  return {
    title: 'A reader that stops reading',
    about:
      `One socket has ${SUBSCRIPTIONS} subscriptions at ${1000 / INTERVAL_MS} samples a second each, and stops reading ` +
      `for ${plan.stallMs / 1000} s. Meanwhile, ${plan.readers} other sockets read one subscription each. The memory ` +
      'figure is the memory of the server after a garbage collection at the end, minus the same before.',
    columns: [
      'server',
      'alive',
      'RSS, + MB',
      'heap, + MB',
      'the stalled socket',
      'delivered to the others',
      'lost or doubled',
      'latency p99, ms',
    ],
    rows,
    verdicts: [
      {
        what: `memory that a stalled reader takes, ${plan.stallMs / 1000} s`,
        value: Math.max(
          medianOf(ours, ({ rssMb }) => rssMb),
          medianOf(ours, ({ heapMb }) => heapMb),
        ),
        target: 8,
        unit: 'MB',
      },
      {
        what: 'samples that others lose by it',
        value: ours.length > 0 ? sumOf(ours, ({ wrong }) => wrong) : NaN,
        target: 0,
        unit: '',
      },
    ],
    faults,
    remarks,
  }
}

async function measure(
  { start, deployments }: Contestant,
  plan: { readers: number; warmMs: number; stallMs: number },
): Promise<Measurement> {
  await using server = await start({ intervalMs: INTERVAL_MS, deployments })
  await using others = new LoadProcess()
  await using one = new LoadProcess()
  const { deploymentIds } = server.target
  const [id = ''] = deploymentIds
  const target = { ...server.target, transport: 'websocket', deploymentIds: [id] } as const
  const many = {
    ...target,
    deploymentIds: Array.from({ length: SUBSCRIPTIONS }, (_each, at) => deploymentIds[at % deployments] ?? id),
  }
  await others.ask('prepare', { target, sockets: plan.readers, keepCursors: false })
  await others.open(plan.readers)
  await one.ask('prepare', { target: many, sockets: 1, keepCursors: false })
  await one.open(1)
  await pause(plan.warmMs)

  const before = await server.process.memory()
  await others.ask('begin')
  await one.ask('begin')
  await one.ask('stall')
  await pause(plan.stallMs)
  const after = await server.process.memory()
  const { delivered, lost, doubled, behind, p99Ms, faults } = await others.ask('end')
  return {
    rssMb: (after.rss - before.rss) / MB,
    heapMb: (after.heap - before.heap) / MB,
    wrong: lost + doubled,
    // At this rate the newest windows are always in flight to some reader; a fault is only when all are behind.
    faults: behind === plan.readers ? [...faults, 'nobody was given anything new'] : faults,
    delivered,
    p99Ms,
    isCut: await one.ask('resume'),
  }
}
