import { type Contestant, deliveryTable, measureDelivery, medianAt } from '../delivery.ts'
import { interleaved, type Run } from '../rounds.ts'
import type { Section } from '../section.ts'
import { gaugeline, reference } from '../servers.ts'

const SUBSCRIPTIONS = 16
const OTHERS = [
  { name: 'Yoga + Pothos + graphql-ws', start: reference('yoga.mjs', 'graphql') },
  { name: 'Mercurius', start: reference('mercurius.mjs', 'graphql') },
]

/** Dashboards: sockets with many subscriptions, each to a deployment of its own. */
export async function many(run: Run): Promise<Section> {
  const single = run.quick ? 40 : 1_000
  // More sockets share what the sixteen executions cost; the other servers could not keep up with them.
  const few = run.quick ? [5] : [100]
  const sockets = run.quick ? few : [...few, single]
  const raw = reference('raw-ws.mjs', 'raw')
  const contestants: Contestant[] = [
    { name: 'raw ws', start: raw, transport: 'websocket', sockets: [single], subscriptions: 1 },
    ...[
      { name: 'raw ws, 16 sends a socket', start: raw, sockets },
      { name: 'Gaugeline', start: gaugeline, sockets },
      ...(run.quick ? [] : OTHERS.map((each) => ({ ...each, sockets: few }))),
    ].map((each): Contestant => ({ ...each, transport: 'websocket', subscriptions: SUBSCRIPTIONS })),
  ]
  const measured = await interleaved(run, contestants, (each) => measureDelivery(each, run.quick ? 300 : 5_000))
  const rawUs = medianAt(measured, 'raw ws', single, (point) => point.cpuUsPerMessage)
  return {
    title: `${SUBSCRIPTIONS} subscriptions on one socket`,
    about: `Each socket watches ${SUBSCRIPTIONS} deployments. The figures are compared with one raw message on a separate socket. CPU with and without sockets: medians of their seconds, after ten seconds of warm-up.`,
    ...deliveryTable(measured, () => rawUs),
    verdicts: sockets.map((count) => ({
      what: `CPU a message, ${count} sockets with ${SUBSCRIPTIONS} subscriptions each, to raw ws`,
      value: medianAt(measured, 'Gaugeline', count, (point) => point.cpuUsPerMessage) / rawUs,
      // The sixteen executions are shared by fewer.
      target: count < single ? 0.3 : 0.2,
      unit: '×',
    })),
  }
}
