import { createStore } from '../ui/external-store.ts'

/**
 * The state of the connection to the server, as a person sees it.
 * `connecting`: for the first time. `live`: the page's own streams deliver. `asking`: there is no connection to spare
 * for a stream, so the page asks every few seconds. `paused`: nobody is looking at the tab, so its streams are closed.
 * `reconnecting`: it was live and is not now. `offline`: the machine itself has no network.
 */
export type ConnectionName = 'connecting' | 'live' | 'asking' | 'paused' | 'reconnecting' | 'offline'

export interface Connection {
  name: ConnectionName
  /** When it entered this state, in ms since 1970 by this machine's clock. */
  since: number
  /** How the streams travel. */
  via: 'websocket' | 'sse'
}

export const connection = createStore<Connection>({ name: 'connecting', since: Date.now(), via: 'websocket' })

/** Everything that the page shows is kept up to date from now on: as it happens (`live`), or by asking. */
export function connected(name: 'live' | 'asking', via: Connection['via']): void {
  const current = connection.get()
  if (current.name !== name || current.via !== via) connection.set({ name, since: Date.now(), via })
}

/** The page is not kept up to date. Before the first success, the state remains `connecting`. */
export function disconnected(): void {
  const { name, since, via } = connection.get()
  if (!navigator.onLine) {
    if (name === 'offline') return
    connection.set({ name: 'offline', since: name === 'reconnecting' ? since : Date.now(), via })
  } else if (name === 'live' || name === 'asking' || name === 'paused') {
    connection.set({ name: 'reconnecting', since: Date.now(), via })
  } else if (name === 'offline') {
    connection.set({ name: 'reconnecting', since, via })
  }
}

/** The streams were closed because nobody is looking. They are opened when the tab is looked at again. */
export function paused(): void {
  const current = connection.get()
  if (isUpToDate(current)) connection.set({ ...current, name: 'paused', since: Date.now() })
}

/** Whether figures on the screen are cut off from their source. */
export function isLost({ name }: Connection): boolean {
  return name === 'reconnecting' || name === 'offline'
}

/** Whether what happens on the server reaches the page. */
export function isUpToDate({ name }: Connection): boolean {
  return name === 'live' || name === 'asking'
}
