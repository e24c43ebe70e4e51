/** What arrives waits here until a test asks for it: nothing is missed, and nobody sleeps. */
export class Queue<T> {
  readonly #items: T[] = []
  readonly #waiting: { resolve: (item: T) => void; reject: (error: Error) => void }[] = []
  #end: Error | undefined

  get size(): number {
    return this.#items.length
  }

  push(item: T): void {
    const waiting = this.#waiting.shift()
    if (waiting === undefined) this.#items.push(item)
    else waiting.resolve(item)
  }

  /** Nothing more will come: pending and further requests for items fail with this error. */
  end(error: Error): void {
    this.#end ??= error
    for (const { reject } of this.#waiting.splice(0)) reject(this.#end)
  }

  /** The next item, in the order of arrival. */
  async next(): Promise<T> {
    const item = this.#items.shift()
    if (item !== undefined) return item
    if (this.#end !== undefined) throw this.#end
    return await new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }))
  }

  async take(count: number): Promise<T[]> {
    const items: T[] = []
    while (items.length < count) items.push(await this.next())
    return items
  }
}
