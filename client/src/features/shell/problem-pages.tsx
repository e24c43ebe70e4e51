import { type ErrorComponentProps, Link } from '@tanstack/react-router'
import { useEffect, useEffectEvent } from 'react'
import type { CombinedError } from 'urql'
import { codeOf } from '../../graphql/client.ts'
import { connection } from '../../graphql/connection.ts'
import { Button, buttonClass } from '../../ui/button.tsx'
import { EmptyState } from '../../ui/message.tsx'
import { useTitle } from '../../ui/title.ts'
import { ServerUnreachableError } from '../session/session.ts'

interface QueryProblemProps {
  error: CombinedError | undefined
  /** What the page shows, if that is one thing, which may not exist: `deployment`. */
  what?: string
  onRetry: () => void
}

/** In place of a page whose query returned nothing to show. */
export function QueryProblem({ error, what, onRetry }: QueryProblemProps) {
  if (codeOf(error) === 'FORBIDDEN') return <ForbiddenPage />
  if (what === undefined || error?.networkError) return <UnavailablePage onRetry={onRetry} />
  return <NotFoundPage what={what} />
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

/** Nothing could be loaded. Tries again at the press of a button, and by itself as soon as the connection is back. */
function UnavailablePage({ onRetry }: { onRetry: () => void }) {
  const retry = useEffectEvent(onRetry)
  useEffect(() => connection.subscribe(() => connection.get().name === 'live' && retry()), [])
  return (
    <EmptyState title="The server could not answer" action={<Button onClick={onRetry}>Try again</Button>}>
      No data is lost: the server keeps recording.
    </EmptyState>
  )
}

/** The router's last resort: something threw while a page was loaded or rendered. */
export function CrashedPage({ error }: ErrorComponentProps) {
  const unreachable = error instanceof ServerUnreachableError || isMissingScript(error)
  useTitle(unreachable ? 'No connection' : 'Something went wrong')
  return (
    <EmptyState
      title={unreachable ? 'The server does not respond' : 'Something went wrong on this page'}
      action={<Button onClick={() => location.reload()}>Try again</Button>}
    >
      {unreachable ? 'It may be starting, or the network is down.' : error instanceof Error ? error.message : ''}
    </EmptyState>
  )
}

/** A page's script could not be loaded; browsers word it differently. Only a full reload retries it in all of them. */
function isMissingScript(error: unknown): boolean {
  return error instanceof TypeError && /import|module script/i.test(error.message)
}
