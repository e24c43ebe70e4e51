import type { Counted } from './load/generator.ts'
import { LoadProcess } from './load/load.ts'
import type { Target } from './load/subscriber.ts'
import { type Measured, medianOf, pause, sumOf } from './rounds.ts'
import type { Section } from './section.ts'
import { figure } from './section.ts'
import type { ServerProcess } from './server-process.ts'
import type { Start } from './servers.ts'

/** Four samples a second. */
export const INTERVAL_MS = 250
/** To crowds, one: the slower references would need more than a core for four, and be measured late or not at all. */
const CROWD_INTERVAL_MS = 1_000
const CROWD = 2_000
const SETTLE_MS = 1_000
const SLICE_MS = 1_000

/** A server, and the numbers of sockets to measure it with, in ascending order. */
export interface Contestant {
  name: string
  start: Start
  transport: Target['transport']
  sockets: number[]
  /** Of each socket, to as many deployments. */
  subscriptions: number
}

/** One server with one number of sockets. */
export interface Point {
  sockets: number
  /** Between two samples. */
  intervalMs: number
  /** CPU with the sockets less CPU without, per message. */
  cpuUsPerMessage: number
  /** Shares of a core: the server without any socket, the server with them, the load. */
  fixed: number
  busy: number
  loadBusy: number
  rssKb: number
  heapKb: number
  counted: Counted
}

/** Measures a server with more and more sockets; crowds on one of its own, with fewer samples. */
export async function measureDelivery(contestant: Contestant, measureMs: number): Promise<Point[]> {
  const few = contestant.sockets.filter((count) => count <= CROWD)
  const many = contestant.sockets.filter((count) => count > CROWD)
  return [
    ...(await measureServer({ ...contestant, sockets: few }, INTERVAL_MS, measureMs)),
    ...(await measureServer({ ...contestant, sockets: many }, CROWD_INTERVAL_MS, measureMs)),
  ]
}

/** Measures a server that was just started: without sockets, then with more and more of them. */
async function measureServer(contestant: Contestant, intervalMs: number, measureMs: number): Promise<Point[]> {
  const { transport, sockets, subscriptions } = contestant
  const most = sockets.at(-1)
  if (most === undefined) return []
  await using server = await contestant.start({ intervalMs, deployments: subscriptions })
  await using load = new LoadProcess()
  await load.ask('prepare', { target: { ...server.target, transport }, sockets: most, keepCursors: false })
  // So that neither the first message nor the first socket is paid for below, nor what V8 compiles in the first seconds.
  await load.open(Math.min(50, most))
  await pause(2 * measureMs)
  await load.ask('close')
  await pause(Math.min(SETTLE_MS, measureMs))

  const memory = async () => {
    const figures = await server.process.memory()
    // The collection also throws away compiled code, which is not to be paid for below.
    await pause(measureMs)
    return figures
  }
  const before = await memory()
  const measured = () => span(server.process, load, intervalMs, measureMs)
  const without = await measured()
  const points: Point[] = []
  for (const count of sockets) {
    await load.open(count)
    await pause(Math.min(SETTLE_MS, measureMs))
    const withThem = await measured()
    const after = await memory()
    points.push({
      sockets: count,
      intervalMs,
      cpuUsPerMessage: ((withThem.share - without.share) * withThem.ms * 1000) / withThem.counted.delivered,
      fixed: without.share,
      busy: withThem.share,
      loadBusy: withThem.counted.cpuMs / withThem.ms,
      rssKb: (after.rss - before.rss) / count / 1024,
      heapKb: (after.heap - before.heap) / count / 1024,
      counted: withThem.counted,
    })
  }
  return points
}

interface Span {
  ms: number
  /** CPU of the server as a share of a core. */
  share: number
  counted: Counted
}

/**
 * What the server uses and what the load is given from the end of one burst to the end of another. The share is the
 * median of slices of a second: what the server does once in a while is not the cost of messages.
 */
async function span(server: ServerProcess, load: LoadProcess, intervalMs: number, ms: number): Promise<Span> {
  await betweenBursts(intervalMs)
  const from = performance.now()
  let [at, { cpuMs }] = [from, await server.figures()]
  await load.ask('begin')
  const shares: number[] = []
  while (at - from < ms) {
    await pause(Math.min(SLICE_MS, ms))
    await betweenBursts(intervalMs)
    const { cpuMs: usedMs } = await server.figures()
    const now = performance.now()
    shares.push((usedMs - cpuMs) / (now - at))
    ;[at, cpuMs] = [now, usedMs]
  }
  return { ms: at - from, share: medianOf(shares, (share) => share), counted: await load.ask('end') }
}

/** Samples go out right after their windows; what is sent should fall on the same side as what it cost. */
async function betweenBursts(intervalMs: number): Promise<void> {
  const quiet = 0.85 * intervalMs
  await pause((quiet - (Date.now() % intervalMs) + intervalMs) % intervalMs)
}

const COLUMNS = [
  'server',
  'sockets',
  'samples a second',
  'bytes a message',
  'CPU, µs a message',
  '× raw ws',
  'fixed CPU, % of a core',
  'latency p50, ms',
  'p99, ms',
  'RSS, KB a socket',
  'heap, KB a socket',
  'server busy, %',
  'load busy, %',
  'lost or doubled',
]

/** A row for each server and number of sockets, from the medians of its rounds. */
export function deliveryTable(
  measured: Measured<Point[]>[],
  rawUs: (sockets: number) => number,
): Pick<Section, 'columns' | 'rows' | 'faults' | 'remarks'> {
  const rows: string[][] = []
  const faults: string[] = []
  const remarks: string[] = []
  for (const { name, measurements, failures } of measured) {
    const said = name.startsWith('Gaugeline') ? faults : remarks
    said.push(...failures.map((failure) => `${name}: ${failure}`))
    const counts = new Set(measurements.flatMap((points) => points.map(({ sockets }) => sockets)))
    for (const sockets of counts) {
      const points = pointsOf(measurements, sockets)
      const wrong = sumOf(points, ({ counted }) => counted.lost + counted.doubled)
      const cpuUs = medianOf(points, (point) => point.cpuUsPerMessage)
      rows.push([
        name,
        String(sockets),
        figure(1000 / medianOf(points, ({ intervalMs }) => intervalMs)),
        figure(medianOf(points, ({ counted }) => counted.bytesPerMessage)),
        figure(cpuUs),
        figure(cpuUs / rawUs(sockets)),
        figure(medianOf(points, ({ fixed }) => fixed * 100)),
        figure(medianOf(points, ({ counted }) => counted.p50Ms)),
        figure(medianOf(points, ({ counted }) => counted.p99Ms)),
        figure(medianOf(points, ({ rssKb }) => rssKb)),
        figure(medianOf(points, ({ heapKb }) => heapKb)),
        figure(medianOf(points, ({ busy }) => busy * 100)),
        figure(medianOf(points, ({ loadBusy }) => loadBusy * 100)),
        String(wrong),
      ])
      const behind = sumOf(points, ({ counted }) => counted.behind)
      if (wrong > 0) said.push(`${name}, ${sockets} sockets: ${wrong} samples lost or doubled`)
      if (behind > 0) said.push(`${name}, ${sockets} sockets: ${behind} subscriptions were behind at the end`)
      for (const { counted } of points) said.push(...counted.faults.map((fault) => `${name}: ${fault}`))
    }
  }
  return { columns: COLUMNS, rows, faults, remarks }
}

/** The median of all rounds of a server with so many sockets; NaN when it has none. */
export function medianAt(
  measured: Measured<Point[]>[],
  name: string,
  sockets: number,
  value: (point: Point) => number,
): number {
  const { measurements } = measured.find((each) => each.name === name) ?? { measurements: [] }
  return medianOf(pointsOf(measurements, sockets), value)
}

function pointsOf(measurements: readonly Point[][], sockets: number): Point[] {
  return measurements.flatMap((points) => points.filter((point) => point.sockets === sockets))
}
