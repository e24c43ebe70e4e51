/**
 * Collects calls and runs `flush` at most once a frame; not at all while the tab is hidden, and once when it is seen
 * again.
 */
export function everyFrame(flush: () => void): () => void {
  let due = false
  return () => {
    if (due) return
    due = true
    // The browser itself holds animation frames back while a tab is hidden, which is what is wanted here.
    requestAnimationFrame(() => {
      due = false
      flush()
    })
  }
}
