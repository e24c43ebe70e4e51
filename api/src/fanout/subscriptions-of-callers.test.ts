import { buildSchema, GraphQLError, parse } from 'graphql'
import { expect, it } from 'vitest'
import { UNLIMITED } from '../../test/unlimited-subscriptions.ts'
import { SUBSCRIPTION_BYTES } from '../base/limits.ts'
import { LatestValue } from './latest-value.ts'
import { SharedMember } from './shared-group.ts'
import { SharedSubscriptions } from './shared-subscriptions.ts'

const schema = buildSchema('type Query { now: Int } type Subscription { now: Int }')

function createSubscriptions(limits: { maxPerCaller?: number; maxBytesPerCaller?: number; maxBytes?: number }) {
  const state = new LatestValue<number>()
  Object.assign(schema.getSubscriptionType()!.getFields()['now']!, { subscribe: () => state.watch() })
  const shared = new SharedSubscriptions({
    present: (result) => result,
    ...UNLIMITED,
    refusal: (limit, max, asked) => new GraphQLError(`${limit} ${max} ${asked}`),
    ...limits,
  })
  async function subscribe(key = 'a', name = '', bytes = 0) {
    const args = { schema, document: parse(`subscription ${name} { now }`) }
    const answer = await shared.subscribe(args, { key, access: '', cost: 1, bytes, context: () => ({}) })
    if (!(answer instanceof SharedMember)) throw answer.errors?.[0] as Error
    return answer
  }
  return { shared, state, subscribe }
}

it('the subscriptions of one caller are limited in number, equal ones included, and those of others do not count', async () => {
  const { shared, subscribe } = createSubscriptions({ maxPerCaller: 2 })
  const first = await subscribe()
  await subscribe()
  await expect(subscribe()).rejects.toThrow('callerSubscriptions 2 3')
  expect(shared.counts).toEqual({ groups: 1, members: 2 })
  await subscribe('b')
  await first.return()
  await subscribe()
  await expect(subscribe()).rejects.toThrow('callerSubscriptions 2 3')
})

it('the memory of the subscriptions of one caller is limited; equal ones count their operation once', async () => {
  const max = 3 * SUBSCRIPTION_BYTES + 1_000
  const { shared, state, subscribe } = createSubscriptions({ maxBytesPerCaller: max })
  const equal = [await subscribe('a', 'One', 1_000), await subscribe('a', 'One', 1_000)]
  await expect(subscribe('a', 'Two', 1_000)).rejects.toThrow(`runningBytes ${max} ${max + 1_000}`)
  await subscribe('b', 'Two', 1_000)
  await subscribe('a', 'One', 1_000)
  await expect(subscribe('a', 'One', 1_000)).rejects.toThrow(`runningBytes ${max} ${max + SUBSCRIPTION_BYTES}`)
  expect(shared.bytes).toBe(4 * SUBSCRIPTION_BYTES + 2_000)
  for (const member of equal) await member.return()
  expect(shared.bytes).toBe(2 * SUBSCRIPTION_BYTES + 2_000)
  const two = await subscribe('a', 'Two', 0)
  expect(state.watchers).toBe(3)
  await two.return()
})

it('the memory of all subscriptions is limited, whoever has them', async () => {
  const max = 2 * SUBSCRIPTION_BYTES
  const { subscribe } = createSubscriptions({ maxBytes: max })
  const first = await subscribe('a')
  await subscribe('b')
  await expect(subscribe('c')).rejects.toThrow(`allRunningBytes ${max} ${max + SUBSCRIPTION_BYTES}`)
  await first.return()
  await subscribe('c')
})
