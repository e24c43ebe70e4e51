import { useSearch } from '@tanstack/react-router'
import { type SubmitEvent, useEffect, useState } from 'react'
import { serverPath } from '../../base-path.ts'
import { Button } from '../../ui/button.tsx'
import { useStore } from '../../ui/external-store.ts'
import { GaugeIcon } from '../../ui/icons.tsx'
import { Problem } from '../../ui/message.tsx'
import { keepsCookies } from '../../ui/storage.ts'
import { useTitle } from '../../ui/title.ts'
import { COOKIES_BLOCKED, hasEnded, loadSession, ServerUnreachableError, signIn } from './session.ts'
import { openedLink } from './sign-in-link.ts'
import { wayBack } from './way-back.ts'

/** A link's secret can be exchanged once, so it is sent once, no matter how often React mounts the page. */
const exchanges = new WeakMap<object, Promise<string | null>>()

/** The target of a sign-in link (`/sign-in#secret`), and of everybody who is not signed in. */
export function SignInPage() {
  useTitle('Sign in')
  const { back } = useSearch({ from: '/sign-in' })
  const link = useStore(openedLink)
  const ended = useStore(hasEnded)
  const [answered, setAnswered] = useState<object>()
  const [isSubmitting, setSubmitting] = useState(false)
  const [problem, setProblem] = useState<string | null>(() => (keepsCookies() ? null : COOKIES_BLOCKED))
  const [token, setToken] = useState('')
  const busy = isSubmitting || link !== answered

  useEffect(() => {
    if (!link) return
    let exchange = exchanges.get(link)
    if (!exchange) {
      exchange = attempt(link)
      exchanges.set(link, exchange)
    }
    let isGone = false
    void exchange.then(async (message) => {
      if (isGone) return
      // A used link does not stop somebody who is signed in already.
      if (message === null || (await isSignedIn())) return enter(back)
      setProblem(message)
      setAnswered(link)
    })
    return () => {
      isGone = true
    }
  }, [link, back])

  const submit = async (event: SubmitEvent) => {
    event.preventDefault()
    if (token.trim() === '') return setProblem('Enter a token.')
    setSubmitting(true)
    const message = await attempt({ token: token.trim() })
    if (message === null) return enter(back)
    setProblem(message)
    setSubmitting(false)
  }

  return (
    <main className="flex min-h-dvh items-center justify-center p-4">
      <div className="w-full max-w-sm rounded-xl border border-line bg-surface p-6">
        <h1 className="mb-1 flex items-center gap-2 text-lg font-semibold">
          <span className="text-accent">
            <GaugeIcon size={20} />
          </span>
          Gaugeline
        </h1>
        {ended && (
          <p role="status" className="mt-3 mb-3 rounded-md bg-warn-ground px-3 py-2">
            Your session has ended: it was signed out elsewhere, or its token has expired or was revoked. Sign in again
            to return to where you were.
          </p>
        )}
        <p className="mb-5 text-muted">
          Open the link that the server printed when it started, or sign in with a token.
        </p>
        <form onSubmit={(event) => void submit(event)} className="flex flex-col gap-3">
          <label className="flex flex-col gap-1.5">
            <span className="font-medium">Token</span>
            <input
              type="password"
              autoComplete="current-password"
              value={token}
              onChange={(event) => setToken(event.target.value)}
              disabled={busy}
              className="h-9 rounded-md border border-line-strong bg-ground px-2.5 font-mono text-xs"
            />
          </label>
          {problem && <Problem>{problem}</Problem>}
          <Button kind="primary" type="submit" busy={busy}>
            {busy ? 'Signing in…' : 'Sign in'}
          </Button>
        </form>
      </div>
    </main>
  )
}

/** Returns null, or the sentence that says why the attempt failed. */
async function attempt(proof: { secret: string } | { token: string }): Promise<string | null> {
  // The secret of a link would be used up for nothing.
  if (!keepsCookies()) return COOKIES_BLOCKED
  try {
    const result = await signIn(proof)
    return result.ok ? null : result.message
  } catch (error) {
    if (error instanceof ServerUnreachableError) return 'The server does not respond. Is it running?'
    throw error
  }
}

async function isSignedIn(): Promise<boolean> {
  try {
    return (await loadSession()) !== null
  } catch (error) {
    if (error instanceof ServerUnreachableError) return false
    throw error
  }
}

/** Reloads the whole page, so that nothing of an earlier session is left in a cache. */
function enter(back: string | undefined): void {
  location.replace(serverPath(wayBack(back, location.origin)))
}
