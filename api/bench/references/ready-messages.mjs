// The newest messages of each deployment, ready to be sent: what the raw servers broadcast and catch up from.
import { deploymentIds, publishSamples } from './samples.mjs'

const KEPT = 240

/** @param send is given a deployment's index and the bytes of its newest message. */
export function publishReady(bytesOf, send) {
  const kept = deploymentIds.map(() => [])
  publishSamples((id, sample) => {
    const messages = kept[id]
    const bytes = bytesOf(id, sample)
    messages.push({ atMs: Date.parse(sample.metrics.at), bytes })
    if (messages.length > KEPT) messages.shift()
    send(Number(id), bytes)
  })
  return {
    /** What a subscriber begins with: all after a time that it names in its URL, else the newest. */
    begin(id, url) {
      const after = new URL(url, 'http://localhost').searchParams.get('after')
      const first = after === null ? kept[id].slice(-1) : kept[id].filter(({ atMs }) => atMs > Number(after))
      return first.map(({ bytes }) => bytes)
    },
  }
}
