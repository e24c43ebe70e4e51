/** Over HTTP/1.1, all tabs of a browser share six connections to a server. Queries and mutations need some of them. */
const SLOTS = 3

/**
 * Takes one of the browser's few slots for a tab with an event stream, and returns how to give it back. `undefined` if
 * other tabs have them all, or if the browser does not let tabs agree on it (it does over HTTPS and on localhost).
 */
export async function takeStreamSlot(): Promise<(() => void) | undefined> {
  if (!('locks' in navigator)) return undefined
  for (let slot = 1; slot <= SLOTS; slot += 1) {
    const release = await new Promise<(() => void) | undefined>((resolve) => {
      navigator.locks
        .request(`gaugeline.event-stream.${slot}`, { ifAvailable: true }, async (lock) => {
          if (!lock) return resolve(undefined)
          // The lock is held until this promise resolves.
          await new Promise<void>((done) => resolve(done))
        })
        // Where the browser blocks storage, it blocks locks too.
        .catch(() => resolve(undefined))
    })
    if (release) return release
  }
  return undefined
}
