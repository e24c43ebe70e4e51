import { FLEET, SAMPLES } from './seen.ts'
import { ADMIN_TOKEN } from './server-process.ts'
import { Subscribers } from './subscribers.ts'

export interface SubscriberCounts {
  sockets: number
  perSocket: number
  streams: number
  /** How many of all watch the fleet; the others watch one deployment each, in turn. */
  fleet: number
}

/** Opens them all; each is subscribed when this resolves, or soon after. */
export async function openSubscribers(
  origin: string,
  deploymentIds: readonly string[],
  windowMs: number,
  { sockets, perSocket, streams, fleet }: SubscriberCounts,
): Promise<Subscribers> {
  const subscribers = new Subscribers(origin, windowMs)
  const every = Math.floor((sockets * perSocket + streams) / fleet)
  const next = () => {
    const { length } = subscribers.seen
    if (length % every === every - 1) return subscribers.add('the fleet', { query: FLEET })
    const id = deploymentIds[length % deploymentIds.length] ?? ''
    return subscribers.add(id, { query: SAMPLES, variables: { id } })
  }
  for (let n = 0; n < sockets; n += 1) {
    await subscribers.openSocket(ADMIN_TOKEN, Array.from({ length: perSocket }, next))
  }
  for (let n = 0; n < streams; n += 1) await subscribers.openStream(ADMIN_TOKEN, next())
  return subscribers
}
