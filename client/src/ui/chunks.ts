import { createElement, type ReactElement, type ReactNode, use } from 'react'

/** Code that is loaded when it is needed, or before that when the page has nothing else to do. */
export interface Chunk<Module> {
  /** Rejects when the code cannot be fetched. The next call tries again. */
  load(): Promise<Module>
}

/** The code of a part of the page could not be fetched: the server is down, or has a new build with other files. */
export class MissingChunkError extends Error {
  override name = 'MissingChunkError'
}

const NOT_LOADED = 'A part of the page could not be loaded.'
const loaders: (() => Promise<unknown>)[] = []

export function createChunk<Module>(fetchModule: () => Promise<Module>): Chunk<Module> {
  let loading: Promise<Module> | undefined
  async function load(): Promise<Module> {
    loading ??= fetchModule()
    try {
      return await loading
    } catch (cause) {
      loading = undefined
      throw new MissingChunkError(NOT_LOADED, { cause })
    }
  }
  loaders.push(load)
  return { load }
}

/** Loads every chunk that is not loaded yet. Returns whether all are loaded now. */
export async function loadAllChunks(): Promise<boolean> {
  let isComplete = true
  for (const load of loaders) {
    await load().catch(() => (isComplete = false))
  }
  return isComplete
}

/** What a person waits for comes first. */
const IDLE_AFTER_MS = 3_000

/** Loads all chunks once the page has nothing else to do. Call the returned function to forget it. */
export function loadChunksWhenIdle(): () => void {
  const timer = setTimeout(() => {
    // Safari has no idle callbacks.
    if ('requestIdleCallback' in window) requestIdleCallback(() => void loadAllChunks())
    else void loadAllChunks()
  }, IDLE_AFTER_MS)
  return () => clearTimeout(timer)
}

type Lazy<Props> = ((props: Props) => ReactElement) & {
  /** Resolves when the code is loaded, or could not be. The next call tries again. */
  preload: () => Promise<void> | undefined
}

/**
 * A component whose code is a chunk. It suspends while the code is loading, and throws a `MissingChunkError` if that
 * fails; once `loadAllChunks` has succeeded, rendering it again works. (React's own `lazy` never tries again, and the
 * router's reloads the page at once, which shows the browser's error page if the server is down.)
 */
export function lazyComponent<Props extends object>(
  fetchComponent: () => Promise<(props: Props) => ReactNode>,
): Lazy<Props> {
  let loading: Promise<void> | undefined
  let component: ((props: Props) => ReactNode) | undefined
  let problem: Error | undefined
  const chunk = createChunk(async () => {
    component = await fetchComponent()
    problem = undefined
  })
  function preload(): Promise<void> | undefined {
    if (component) return undefined
    problem = undefined
    loading ??= chunk
      .load()
      .catch((error: unknown) => {
        if (!(error instanceof MissingChunkError)) throw error
        problem = error
      })
      .finally(() => {
        loading = undefined
      })
    return loading
  }
  function LazyComponent(props: Props): ReactElement {
    if (problem) throw problem
    const pending = preload()
    if (pending) use(pending)
    if (!component) throw new MissingChunkError(NOT_LOADED)
    return createElement(component, props)
  }
  return Object.assign(LazyComponent, { preload })
}
