import { INTERVAL_MS } from '../delivery.ts'
import { LoadProcess } from '../load/load.ts'
import { interleaved, medianOf, pause, type Run, sumOf } from '../rounds.ts'
import { figure, type Section } from '../section.ts'
import { gaugeline, reference, type Start } from '../servers.ts'

const CUT_WITHIN_MS = 2_000
const SETTLE_MS = 500

interface Contestant {
  name: string
  start: Start
}

interface Measurement {
  /** Until every client had all that there was when they came. */
  ms: number
  cpuMs: number
  wrong: number
  /** What they had missed, each of them. */
  delivered: number
  loadCpuMs: number
  faults: string[]
}

/** Many clients are cut, each at a time of its own, and come back all at once from where they were. */
export async function storm(run: Run): Promise<Section> {
  const clients = run.quick ? 40 : 1_000
  const contestants: Contestant[] = [
    { name: 'raw ws', start: reference('raw-ws.mjs', 'raw') },
    { name: 'Gaugeline', start: gaugeline },
  ]
  const measured = await interleaved(run, contestants, (each) => measure(each, clients))
  const faults: string[] = []
  const remarks: string[] = []
  const of = (name: string) => measured.find((each) => each.name === name)?.measurements ?? []
  const ratio = (value: (each: Measurement) => number) =>
    medianOf(of('Gaugeline'), value) / medianOf(of('raw ws'), value)
  const rows = measured.map(({ name, measurements, failures }) => {
    const said = name === 'Gaugeline' ? faults : remarks
    said.push(...failures.map((failure) => `${name}: ${failure}`))
    said.push(...measurements.flatMap((each) => each.faults.map((fault) => `${name}: ${fault}`)))
    const wrong = sumOf(measurements, (each) => each.wrong)
    if (wrong > 0) said.push(`${name}: ${wrong} samples lost or doubled`)
    return [
      name,
      String(clients),
      figure(medianOf(measurements, ({ ms }) => ms)),
      figure(medianOf(measurements, ({ cpuMs }) => cpuMs)),
      figure(medianOf(measurements, ({ loadCpuMs }) => loadCpuMs)),
      figure(medianOf(measurements, ({ delivered }) => delivered)),
      String(wrong),
    ]
  })
  return {
    title: 'A storm of reconnects',
    about:
      `The connections of ${clients} clients are cut within ${CUT_WITHIN_MS / 1000} s. All clients reconnect ` +
      'immediately, each with its cursor. The measurement ends when every client has all the samples that existed when ' +
      'it reconnected. Each server has been through one such storm before. Raw ws neither checks a token nor reads a document: it sends the prepared messages since the ' +
      'time that each client names.',
    columns: [
      'server',
      'clients',
      'time, ms',
      'server CPU, ms',
      'load CPU, ms',
      'messages meanwhile',
      'lost or doubled',
    ],
    rows,
    verdicts: [
      { what: `${clients} reconnects, time, to raw ws`, value: ratio(({ ms }) => ms), target: 2, unit: '×' },
      { what: `${clients} reconnects, CPU, to raw ws`, value: ratio(({ cpuMs }) => cpuMs), target: 2, unit: '×' },
      {
        what: 'samples lost or doubled in a storm',
        value: of('Gaugeline').length > 0 ? sumOf(of('Gaugeline'), ({ wrong }) => wrong) : NaN,
        target: 0,
        unit: '',
      },
    ],
    faults,
    remarks,
  }
}

async function measure({ start }: Contestant, clients: number): Promise<Measurement> {
  await using server = await start({ intervalMs: INTERVAL_MS, deployments: 1 })
  await using load = new LoadProcess()
  // One stays connected: it shows what was sent meanwhile.
  const sockets = clients + 1
  await load.ask('prepare', { target: { ...server.target, transport: 'websocket' }, sockets, keepCursors: true })
  await load.open(sockets)
  await pause(1_000)
  await load.ask('begin')
  // In the first one, V8 compiles what a server that has run for days has compiled.
  await load.ask('cut', { withinMs: CUT_WITHIN_MS })
  await pause(SETTLE_MS)
  await load.ask('comeBack')
  await pause(SETTLE_MS)
  await load.ask('cut', { withinMs: CUT_WITHIN_MS })
  // What the cuts cost is not what the storm costs.
  await pause(SETTLE_MS)
  const { faults: before, lost, doubled } = await load.ask('end')
  const { cpuMs: cpuFromMs } = await server.process.figures()
  await load.ask('begin')
  const ms = await load.ask('comeBack')
  const { cpuMs } = await server.process.figures()
  const counted = await load.ask('end')
  return {
    ms,
    cpuMs: cpuMs - cpuFromMs,
    wrong: lost + doubled + counted.lost + counted.doubled,
    delivered: counted.delivered,
    loadCpuMs: counted.cpuMs,
    faults: [...before, ...counted.faults],
  }
}
