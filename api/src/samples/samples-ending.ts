import { MAX_WINDOW_MS, type Sample } from '../metrics/sample.ts'
import { SAMPLE_FIELDS } from './sample-columns.ts'

/** Windows of one deployment that end in `(fromMs, toMs]`. */
export interface EndRange {
  deploymentKey: number
  fromMs: number
  toMs: number
}

/** Windows by their ends: which start where, the index knows. */
export const SAMPLES_ENDING = `select s.*
  from unnest($1::int[], $2::float8[], $3::float8[]) as k(key, from_ms, to_ms) cross join lateral (
    select ${SAMPLE_FIELDS} from samples where deployment_key = k.key
      and window_start > to_timestamp((k.from_ms - ${MAX_WINDOW_MS}) / 1000)
      and window_start < to_timestamp(k.to_ms / 1000)
      and window_start + window_ms * interval '1 ms' > to_timestamp(k.from_ms / 1000)
      and window_start + window_ms * interval '1 ms' <= to_timestamp(k.to_ms / 1000)
    order by window_start limit $4
  ) s order by s."deploymentKey", s.sequence`

type Read = (values: unknown[]) => Promise<Sample[]>

/** Reads at most one range of each deployment, about `chunk` rows at a time: short statements. */
export async function readEnding(read: Read, ranges: readonly EndRange[], chunk: number): Promise<Sample[]> {
  const samples: Sample[] = []
  const longestMs = ranges.reduce((longest, { fromMs, toMs }) => Math.max(longest, toMs - fromMs), 0)
  const limitEach = Math.min(chunk, 10 + Math.ceil(longestMs / 500))
  const atOnce = Math.max(1, Math.floor((2 * chunk) / limitEach))
  for (let left = [...ranges]; left.length > 0;) {
    const asked = left.splice(0, atOnce)
    const columns = [asked.map(({ deploymentKey }) => deploymentKey), asked.map(({ fromMs }) => fromMs)]
    const rows = await read([...columns, asked.map(({ toMs }) => toMs), limitEach])
    samples.push(...rows)
    left = [...restOf(asked, rows, limitEach), ...left]
  }
  return samples
}

/** What is left of ranges that hold more rows than were read. */
function restOf(ranges: readonly EndRange[], rows: readonly Sample[], limitEach: number): EndRange[] {
  const read = new Map<number, { count: number; throughMs: number }>()
  for (const { deploymentKey, windowStartMs, windowMs } of rows) {
    const count = (read.get(deploymentKey)?.count ?? 0) + 1
    read.set(deploymentKey, { count, throughMs: windowStartMs + windowMs })
  }
  return ranges.flatMap((range) => {
    const { count = 0, throughMs = 0 } = read.get(range.deploymentKey) ?? {}
    return count < limitEach ? [] : [{ ...range, fromMs: throughMs }]
  })
}
