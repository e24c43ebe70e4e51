import { type ErrorComponentProps, Link, useRouter } from '@tanstack/react-router'
import type { CombinedError } from 'urql'
import { codeOf } from '../../graphql/client.ts'
import { reachable } from '../../graphql/reachable.ts'
import { Button, buttonClass } from '../../ui/button.tsx'
import { loadAllChunks, MissingChunkError } from '../../ui/chunks.ts'
import { EmptyState } from '../../ui/message.tsx'
import { useTitle } from '../../ui/title.ts'
import { ServerUnreachableError } from '../session/session.ts'
import { useRetry } from './use-retry.ts'

interface QueryProblemProps {
  error: CombinedError | undefined
  /** What the page shows, if that is one thing, which may not exist: `deployment`. */
  what?: string
  onRetry: () => void
}

/** The codes of a query for something that does not exist, or whose id cannot exist. */
const NO_SUCH_THING = new Set(['NOT_FOUND', 'BAD_USER_INPUT'])

/** In place of a page whose query returned nothing to show. */
export function QueryProblem({ error, what, onRetry }: QueryProblemProps) {
  const code = codeOf(error)
  if (code === 'FORBIDDEN') return <ForbiddenPage />
  if (what !== undefined && (!error || NO_SUCH_THING.has(code ?? ''))) return <NotFoundPage what={what} />
  return <UnavailablePage onRetry={onRetry} />
}

export function NotFoundPage({ what }: { what: string }) {
  useTitle('Not found')
  return (
    <EmptyState
      title={`There is no such ${what}`}
      action={
        <Link to="/deployments" className={buttonClass()}>
          Go to deployments
        </Link>
      }
    >
      It may have been deleted, or the address may be wrong.
    </EmptyState>
  )
}

function ForbiddenPage() {
  useTitle('Not allowed')
  return (
    <EmptyState
      title="Your token does not allow this page"
      action={
        <Link to="/settings" className={buttonClass()}>
          See its scopes
        </Link>
      }
    >
      Ask the operator of this server for a token with the required scope, and sign in with it.
    </EmptyState>
  )
}

/** Nothing could be loaded. Tries again at the press of a button, and by itself. */
function UnavailablePage({ onRetry }: { onRetry: () => void }) {
  useRetry(onRetry)
  return (
    <EmptyState title="The server could not answer" action={<Button onClick={onRetry}>Try again</Button>}>
      No data is lost: the server keeps recording. This page tries again by itself.
    </EmptyState>
  )
}

/** The router's last resort: something threw while a page was loaded or rendered. */
export function CrashedPage({ error }: ErrorComponentProps) {
  const isCutOff = error instanceof ServerUnreachableError || error instanceof MissingChunkError
  return isCutOff ? <UnreachablePage /> : <BrokenPage error={error} />
}

/**
 * The server does not answer, or has a new build without the files that this page still needs. Then only a reload
 * helps; otherwise the page heals without one.
 */
function UnreachablePage() {
  const router = useRouter()
  useTitle('No connection')
  const heal = async (mayReload: boolean) => {
    if (await loadAllChunks()) await router.invalidate()
    else if (mayReload) location.reload()
  }
  useRetry(() => heal(!wasReloadedJustNow()))
  const press = async () => {
    if (await reachable()) await heal(true)
  }
  return (
    <EmptyState title="The server does not answer" action={<Button onClick={() => void press()}>Try again</Button>}>
      It may be starting, or the network is down. This page tries again by itself.
    </EmptyState>
  )
}

function BrokenPage({ error }: { error: unknown }) {
  useTitle('Something went wrong')
  return (
    <EmptyState
      title="Something went wrong on this page"
      action={<Button onClick={() => location.reload()}>Try again</Button>}
    >
      {error instanceof Error ? error.message : ''}
    </EmptyState>
  )
}

/** A page that a reload has not mended is not reloaded again by itself for this long. */
const RELOAD_AGAIN_AFTER_MS = 10 * 60_000

function wasReloadedJustNow(): boolean {
  const [navigation] = performance.getEntriesByType('navigation')
  const isReload = navigation instanceof PerformanceNavigationTiming && navigation.type === 'reload'
  return isReload && performance.now() < RELOAD_AGAIN_AFTER_MS
}
