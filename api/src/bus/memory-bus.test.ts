import { expect, it } from 'vitest'
import { describeBus } from '../../test/bus-contract.ts'
import { Queue } from '../../test/queue.ts'
import { createMemoryBus } from './memory-bus.ts'

describeBus('of a single server', async () => {
  const handlerErrors = new Queue<unknown>()
  const bus = createMemoryBus((error) => handlerErrors.push(error))
  return { publisher: bus, receiver: bus, handlerErrors, [Symbol.asyncDispose]: async () => undefined }
})

it('the bus of a single server has called every subscriber, in the order they subscribed, when publish returns', () => {
  const bus = createMemoryBus((error) => {
    throw error
  })
  const calls: string[] = []
  bus.subscribe('trainingJob', () => calls.push('first'))
  bus.subscribe('trainingJob', () => calls.push('second'))
  bus.publish('trainingJob', { trainingJobId: 'a job', newSteps: [] })
  expect(calls).toEqual(['first', 'second'])
})
