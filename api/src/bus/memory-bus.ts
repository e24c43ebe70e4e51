import type { Bus, BusMessages, Topic } from './bus.ts'

type Handlers = { [T in Topic]: Set<(message: BusMessages[T]) => void> }

/** The bus of a single server: calls every handler at once, in the order they subscribed. */
export function createMemoryBus(onHandlerError: (error: unknown) => void): Bus {
  const handlers: Handlers = {
    recorded: new Set(),
    deploymentEvent: new Set(),
    deploymentUpdated: new Set(),
    trainingJob: new Set(),
    setBack: new Set(),
    webhookOutbox: new Set(),
  }
  return {
    publish(topic, message) {
      for (const handler of handlers[topic]) {
        try {
          handler(message)
        } catch (error) {
          onHandlerError(error)
        }
      }
    },
    subscribe(topic, handler) {
      // Wrapped, so that one function subscribed twice is two subscriptions.
      const own: typeof handler = (message) => handler(message)
      handlers[topic].add(own)
      return () => void handlers[topic].delete(own)
    },
  }
}
