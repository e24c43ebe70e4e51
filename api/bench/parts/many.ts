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
  const sockets = run.quick ? [5] : [100]
  const single = run.quick ? 40 : 1_000
  const raw = reference('raw-ws.mjs', 'raw')
  const contestants: Contestant[] = [
    { name: 'raw ws', start: raw, transport: 'websocket', sockets: [single], subscriptions: 1 },
    ...[
      { name: 'raw ws, 16 sends a socket', start: raw },
      { name: 'Gaugeline', start: gaugeline },
      ...(run.quick ? [] : OTHERS),
    ].map((each): Contestant => ({ ...each, transport: 'websocket', sockets, subscriptions: SUBSCRIPTIONS })),
  ]
  const measured = await interleaved(run, contestants, (each) => measureDelivery(each, run.quick ? 300 : 5_000))
  const rawUs = medianAt(measured, 'raw ws', single, (point) => point.cpuUsPerMessage)
  return {
    title: `${SUBSCRIPTIONS} subscriptions on one socket`,
    about: `Each socket watches ${SUBSCRIPTIONS} deployments. The measure is one raw message on a socket of its own.`,
    ...deliveryTable(measured, () => rawUs),
    verdicts: [
      {
        what: `CPU a message, ${SUBSCRIPTIONS} subscriptions a socket, to raw ws`,
        value: medianAt(measured, 'Gaugeline', sockets[0] ?? 0, (point) => point.cpuUsPerMessage) / rawUs,
        target: 0.2,
        unit: '×',
      },
    ],
  }
}
