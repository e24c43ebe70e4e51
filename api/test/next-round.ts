import type { TestApp } from './create-test-app.ts'

/**
 * Resolves after the next round of the recorder. What the store held before is published then: a sample can be read
 * from the store a moment before the server that stored it has heard so.
 */
export async function nextRound({ deps }: TestApp): Promise<void> {
  await new Promise<void>((resolve) => {
    const end = deps.bus.subscribe('recorded', ({ last }) => {
      if (!last) return
      end()
      resolve()
    })
  })
}
