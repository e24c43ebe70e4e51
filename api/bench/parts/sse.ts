import { type Contestant, deliveryTable, measureDelivery, medianAt } from '../delivery.ts'
import { interleaved, type Run } from '../rounds.ts'
import type { Section } from '../section.ts'
import { gaugeline, reference } from '../servers.ts'

/** All subscribers of one deployment, each on an event stream of its own. */
export async function sse(run: Run): Promise<Section> {
  const sockets = run.quick ? [10, 30] : [100, 1_000, 5_000]
  const thousand = sockets.slice(1, 2)
  const contestants: Contestant[] = [
    { name: 'raw ws', start: reference('raw-ws.mjs', 'raw'), transport: 'websocket', sockets, subscriptions: 1 },
    { name: 'raw SSE', start: reference('raw-sse.mjs', 'raw'), transport: 'sse', sockets, subscriptions: 1 },
    { name: 'Gaugeline, SSE', start: gaugeline, transport: 'sse', sockets, subscriptions: 1 },
    {
      name: 'Yoga, SSE',
      start: reference('yoga.mjs', 'graphql'),
      transport: 'sse',
      sockets: thousand,
      subscriptions: 1,
    },
  ]
  const measured = await interleaved(run, contestants, (each) => measureDelivery(each, run.quick ? 300 : 5_000))
  const cpuUs = (name: string, count = thousand[0] ?? 0) =>
    medianAt(measured, name, count, (point) => point.cpuUsPerMessage)
  return {
    title: 'Fan-out over SSE',
    about:
      'This is the same measurement over event streams (distinct connections), compared with the same raw WebSocket ' +
      'broadcast.',
    ...deliveryTable(measured, (count) => cpuUs('raw ws', count)),
    verdicts: [
      {
        what: `CPU a message over SSE, ${thousand[0]} subscribers, to raw ws`,
        value: cpuUs('Gaugeline, SSE') / cpuUs('raw ws'),
        target: 1.3,
        unit: '×',
      },
    ],
  }
}
