import { type ErrorComponentProps, Link, useRouter } from '@tanstack/react-router'
import { Button, buttonClass } from '../../ui/button.tsx'
import { EmptyState } from '../../ui/message.tsx'
import { useTitle } from '../../ui/title.ts'
import { ServerUnreachableError } from '../session/session.ts'

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
      It may have been deleted, or the address is not quite right.
    </EmptyState>
  )
}

export function ForbiddenPage() {
  useTitle('Not allowed')
  return (
    <EmptyState
      title="Your token may not see this"
      action={
        <Link to="/settings" className={buttonClass()}>
          See what it may do
        </Link>
      }
    >
      Ask whoever runs this server for a token with the right scope, and sign in with it.
    </EmptyState>
  )
}

export function UnavailablePage({ onRetry }: { onRetry: () => void }) {
  return (
    <EmptyState title="The server could not answer" action={<Button onClick={onRetry}>Try again</Button>}>
      Nothing is lost: what it records goes on being recorded.
    </EmptyState>
  )
}

/** The last resort of the router: something threw while a page was loaded or drawn. */
export function CrashedPage({ error, reset }: ErrorComponentProps) {
  const router = useRouter()
  const unreachable = error instanceof ServerUnreachableError
  useTitle(unreachable ? 'No connection' : 'Something went wrong')
  const retry = () => {
    reset()
    void router.invalidate()
  }
  return (
    <EmptyState
      title={unreachable ? 'The server does not answer' : 'Something went wrong on this page'}
      action={<Button onClick={retry}>Try again</Button>}
    >
      {unreachable ? 'It may be starting, or the network is down.' : error instanceof Error ? error.message : ''}
    </EmptyState>
  )
}
