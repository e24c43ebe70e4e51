import { FOLLOW_SAMPLES } from './documents.ts'
import { EVENTS, FLEET, JOB, SAMPLES, type Seen } from './seen.ts'
import { Subscribers } from './subscribers.ts'

/**
 * Subscriptions, 1,800 in all. Of the last three every second one is a stream, the others have sockets of their own.
 */
const COUNTS = {
  alone: 600,
  dashboards: { sockets: 40, each: 20 },
  panels: { sockets: 20, each: 8 },
  streams: 140,
  fleet: 40,
  events: 40,
  job: 20,
}
/** Connections opened at the same time. */
const OPENING = 25

export interface Watched {
  deploymentIds: readonly string[]
  /** Finds their models, and no others. */
  search: string
  jobId: string
}

/**
 * Opens all who behave well, or that share of them, with these tokens in turn; each is subscribed when this resolves, or
 * soon after.
 */
export async function openWellBehaved(
  origin: string,
  tokens: readonly string[],
  windowMs: number,
  { deploymentIds, search, jobId }: Watched,
  share = 1,
): Promise<Subscribers> {
  const subscribers = new Subscribers(origin, windowMs)
  const of = (count: number) => Math.round(count * share)
  const work: ((token: string) => Promise<void>)[] = []
  const onSocket = (members: readonly Seen[]) =>
    work.push(async (token) => await subscribers.openSocket(token, members))
  const onStream = (one: Seen) => work.push(async (token) => await subscribers.openStream(token, one))
  const samples = () => {
    const { length } = subscribers.seen
    const id = deploymentIds[length % deploymentIds.length] ?? ''
    return subscribers.add(id, { query: length % 3 === 0 ? FOLLOW_SAMPLES : SAMPLES, variables: { id } })
  }

  for (let n = 0; n < of(COUNTS.alone); n += 1) onSocket([samples()])
  for (const { sockets, each } of [COUNTS.dashboards, COUNTS.panels]) {
    for (let n = 0; n < of(sockets); n += 1) onSocket(Array.from({ length: each }, samples))
  }
  for (let n = 0; n < of(COUNTS.streams); n += 1) onStream(samples())
  const others = {
    fleet: (n: number) => {
      const filter = n % 4 < 2 ? { search } : { ids: deploymentIds.slice(0, 5) }
      return subscribers.add('the fleet', { query: FLEET, variables: { filter } })
    },
    events: () => subscribers.add('all events', { query: EVENTS }),
    job: () => subscribers.add('the training job', { query: JOB, variables: { id: jobId } }),
  }
  for (const kind of ['fleet', 'events', 'job'] as const) {
    for (let n = 0; n < of(COUNTS[kind]); n += 1) {
      if (n % 2 === 0) onSocket([others[kind](n)])
      else onStream(others[kind](n))
    }
  }
  await inTurn(work.map((open, n) => async () => await open(tokens[n % tokens.length] ?? '')))
  return subscribers
}

/** Does all of it, so much at the same time. */
async function inTurn(work: (() => Promise<void>)[]): Promise<void> {
  const one = async () => {
    for (let next = work.shift(); next !== undefined; next = work.shift()) await next()
  }
  await Promise.all(Array.from({ length: OPENING }, one))
}
