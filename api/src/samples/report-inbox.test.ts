import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { type Deferred, deferred } from '../base/deferred.ts'
import { ReportInbox, type ReportItem } from './report-inbox.ts'

const item = (key: string): ReportItem => ({
  key,
  deploymentKey: 1,
  windowStartMs: 0,
  timeMs: 1,
  isLate: false,
  reported: { kind: 'requests', requests: [] },
})

it('Reports that come shortly after a statement share the next one, and the first after a pause waits for nobody', async () => {
  const stored: string[] = []
  const rests: Deferred<void>[] = []
  const query = async ({ values }: { values: [string] }) => {
    stored.push(values[0])
    return { rows: [] }
  }
  const sleep = () => {
    const rest = deferred()
    rests.push(rest)
    return rest.promise
  }
  const pool = { query } as unknown as ConstructorParameters<typeof ReportInbox>[0]['pool']
  const inbox = new ReportInbox({ pool, kind: 'postgres' }, () => 0, undefined, undefined, sleep)
  await inbox.accept([item('a')])
  const b = inbox.accept([item('b')])
  await nextTurn()
  const c = inbox.accept([item('c')])
  await nextTurn()
  expect(stored).toEqual(['a'])
  rests[0]?.resolve()
  await Promise.all([b, c])
  expect(stored).toEqual(['a', 'b\nc'])
  rests[1]?.resolve()
  await inbox.accept([item('d')])
  expect(stored).toEqual(['a', 'b\nc', 'd'])
})
