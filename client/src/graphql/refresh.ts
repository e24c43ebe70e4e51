import { type Client, type Exchange, makeOperation, mapExchange, type Operation } from 'urql'

/** Knows the queries of the page, and asks them again. */
export class Refresher {
  readonly #active = new Map<number, Operation>()
  #client: Client | undefined

  readonly exchange: Exchange = (input) => {
    this.#client = input.client
    return mapExchange({
      onOperation: (operation) => {
        if (operation.kind === 'query') this.#active.set(operation.key, operation)
        if (operation.kind === 'teardown') this.#active.delete(operation.key)
      },
    })(input)
  }

  /** Asks the server again for everything that the page shows. */
  refresh(): void {
    for (const operation of this.#active.values()) {
      this.#client?.reexecuteOperation(
        makeOperation('query', operation, { ...operation.context, requestPolicy: 'network-only' }),
      )
    }
  }
}
