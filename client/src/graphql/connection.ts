import { createStore } from '../ui/external-store.ts'

/**
 * The state of the connection to the server, as a person sees it.
 * `connecting`: for the first time. `live`: samples arrive. `reconnecting`: it was live and is not now. `offline`: the
 * machine itself has no network. `paused`: nobody is looking at the tab, so its streams are closed.
 */
export type ConnectionName = 'connecting' | 'live' | 'paused' | 'reconnecting' | 'offline'

export interface Connection {
  name: ConnectionName
  /** When it entered this state, in ms since 1970 by this machine's clock. */
  since: number
  /** How the streams travel. */
  via: 'websocket' | 'sse'
}

export const connection = createStore<Connection>({ name: 'connecting', since: Date.now(), via: 'websocket' })

/** The streams are connected: everything that arrives from now on is live. */
export function connected(via: Connection['via']): void {
  const current = connection.get()
  if (current.name !== 'live' || current.via !== via) connection.set({ name: 'live', since: Date.now(), via })
}

/** The streams are not connected. Before the first success, the state remains `connecting`. */
export function disconnected(): void {
  const { name, since, via } = connection.get()
  if (!navigator.onLine) {
    if (name === 'offline') return
    connection.set({ name: 'offline', since: name === 'reconnecting' ? since : Date.now(), via })
  } else if (name === 'live' || name === 'paused') {
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
  return name === 'live'
}
