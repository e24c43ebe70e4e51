import { serverPath } from '../../base-path.ts'
import { createStore } from '../../ui/external-store.ts'

/** The secret of the sign-in link (`/sign-in#secret`) that was opened last. A new object each time. */
export const openedLink = createStore<{ readonly secret: string } | undefined>(undefined)

/**
 * Takes the secret of a sign-in link out of the address bar and the history, before anything else happens and whenever
 * a link is pasted while the page is open: only the fragment changes then, and nothing is loaded.
 */
export function takeLinkSecret(): void {
  take()
  addEventListener('hashchange', take)
}

function take(): void {
  const secret = location.hash.slice(1)
  if (location.pathname !== serverPath('/sign-in') || secret === '') return
  history.replaceState(history.state, '', location.pathname + location.search)
  openedLink.set({ secret })
}
