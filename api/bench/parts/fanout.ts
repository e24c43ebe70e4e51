import { type Contestant, deliveryTable, measureDelivery, medianAt } from '../delivery.ts'
import { interleaved, type Run } from '../rounds.ts'
import type { Section } from '../section.ts'
import { gaugeline, reference } from '../servers.ts'

/** All subscribers of one deployment, each on a WebSocket of its own. */
export async function fanout(run: Run): Promise<Section> {
  const sockets = run.quick ? [10, 30] : [100, 1_000, 5_000]
  const [, thousand = 0, most = thousand] = sockets
  const contestants = [
    { name: 'raw ws', start: reference('raw-ws.mjs', 'raw') },
    { name: 'Gaugeline', start: gaugeline },
    { name: 'Yoga + Pothos + graphql-ws', start: reference('yoga.mjs', 'graphql') },
    { name: 'Mercurius', start: reference('mercurius.mjs', 'graphql') },
    { name: 'Apollo Server + graphql-ws', start: reference('apollo.mjs', 'graphql') },
  ].map((each): Contestant => ({ ...each, transport: 'websocket', sockets, subscriptions: 1 }))
  const measured = await interleaved(run, contestants, (each) => measureDelivery(each, run.quick ? 300 : 5_000))
  const cpuUs = (name: string, count = thousand) => medianAt(measured, name, count, (point) => point.cpuUsPerMessage)
  const compared = (name: string, target: number) => ({
    what: `CPU a message over WebSocket, ${thousand} subscribers, to ${name}`,
    value: cpuUs('Gaugeline') / cpuUs(name),
    target,
    unit: '×',
  })
  return {
    title: 'Fan-out over WebSocket',
    about:
      'All subscribers watch one deployment, and each subscriber has a separate socket. There are four samples a second, ' +
      'and one a second for the largest number of sockets. The CPU figure is the CPU time of the server process with the ' +
      'subscribers minus its CPU time without them (medians of their seconds), per delivered message, after ten seconds of warm-up. The latency counts from the end of the window. ' +
      'In Gaugeline, it includes the time to measure and store the sample.',
    ...deliveryTable(measured, (count) => cpuUs('raw ws', count)),
    verdicts: [
      compared('raw ws', 1.05),
      compared('Yoga + Pothos + graphql-ws', 1 / 6),
      compared('Mercurius', 1 / 4),
      {
        what: `memory a subscriber, ${most} subscribers`,
        value: medianAt(measured, 'Gaugeline', most, ({ rssKb }) => rssKb),
        target: 30,
        unit: 'KB',
      },
    ],
  }
}
