/**
 * Collects calls and runs `flush` at most once a frame: not at all while the tab is hidden, and once when it becomes
 * visible again.
 */
export function everyFrame(flush: () => void): () => void {
  let isScheduled = false
  return () => {
    if (isScheduled) return
    isScheduled = true
    // The browser itself holds animation frames back while a tab is hidden, which is what we want here.
    requestAnimationFrame(() => {
      isScheduled = false
      flush()
    })
  }
}
