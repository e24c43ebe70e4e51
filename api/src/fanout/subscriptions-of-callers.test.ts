import { buildSchema, GraphQLError, parse } from 'graphql'
import { expect, it } from 'vitest'
import { LatestValue } from './latest-value.ts'
import { SharedMember } from './shared-group.ts'
import { SharedSubscriptions } from './shared-subscriptions.ts'

it('the subscriptions of one caller are limited in number, equal ones included, and those of others do not count', async () => {
  const state = new LatestValue<number>()
  const schema = buildSchema('type Query { now: Int } type Subscription { now: Int }')
  Object.assign(schema.getSubscriptionType()!.getFields()['now']!, { subscribe: () => state.watch() })
  const shared = new SharedSubscriptions({
    present: (result) => result,
    maxCostPerCaller: 1_000,
    maxPerCaller: 2,
    refusal: (limit, asked) => new GraphQLError(`${limit} ${asked}`),
  })
  const subscribe = async (key = 'a') => {
    const args = { schema, document: parse('subscription { now }') }
    const answer = await shared.subscribe(args, { key, access: '', cost: 1, context: () => ({}) })
    if (!(answer instanceof SharedMember)) throw answer.errors?.[0] as Error
    return answer
  }
  const first = await subscribe()
  await subscribe()
  await expect(subscribe()).rejects.toThrow('callerSubscriptions 3')
  expect(shared.counts).toEqual({ groups: 1, members: 2 })
  await subscribe('b')
  await first.return()
  await subscribe()
  await expect(subscribe()).rejects.toThrow('callerSubscriptions 3')
})
