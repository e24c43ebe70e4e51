import { useNavigate, useSearch } from '@tanstack/react-router'
import { useId } from 'react'
import { type FragmentType, graphql, readFragment } from '../../graphql/documents.ts'
import type { ApiTokensQuery } from '../../graphql/gql/graphql.ts'
import { usePages } from '../../graphql/use-pages.ts'
import { serverNow, useClock } from '../../live/clock.ts'
import { Button } from '../../ui/button.tsx'
import { moment } from '../../ui/format.ts'
import { Problem } from '../../ui/message.tsx'
import { problemText } from '../../ui/problem-text.ts'
import { Skeleton } from '../../ui/skeleton.tsx'
import { Status, type Tone } from '../../ui/status.tsx'
import { useMay } from '../session/scopes.ts'
import { CreateTokenDialog } from './create-token-dialog.tsx'
import { RevokeTokenDialog } from './revoke-token-dialog.tsx'
import { type TokenState, tokenState } from './token-form.ts'

const ApiTokensDocument = graphql(`
  query ApiTokens($after: String) {
    viewer {
      apiTokens(first: 100, after: $after) {
        edges {
          cursor
          node {
            id
            ...ApiTokenRow_apiToken
          }
        }
        pageInfo {
          hasNextPage
          endCursor
        }
      }
    }
  }
`)

const ApiTokenRowFragment = graphql(`
  fragment ApiTokenRow_apiToken on ApiToken {
    id
    name
    scopes
    createdAt
    createdBy
    expiresAt
    lastUsedAt
    revokedAt
  }
`)

const connectionOf = (data: ApiTokensQuery) => data.viewer.apiTokens

/** Who may call the API, and with what; for those who may manage access. */
export function ApiTokens() {
  const mayManage = useMay('ADMIN')
  const id = useId()
  return (
    <section aria-labelledby={id}>
      <h2 id={id} className="mb-1 font-medium">
        API tokens
      </h2>
      <p className="mb-3 text-muted">
        A program sends its token as <code className="font-mono text-xs text-text">Authorization: Bearer …</code>; a
        person can sign in with one.
      </p>
      {mayManage ? (
        <Tokens />
      ) : (
        <p className="text-muted">Your token may not manage these: that takes the scope admin.</p>
      )}
    </section>
  )
}

function Tokens() {
  const { newToken, revoke } = useSearch({ from: '/app/settings' })
  const navigate = useNavigate({ from: '/settings' })
  const { nodes, error } = usePages(ApiTokensDocument, connectionOf)
  const tokens = nodes?.map((node) => readFragment(ApiTokenRowFragment, node))
  const revoking = tokens?.find(({ id }) => id === revoke)
  const close = () => void navigate({ search: {}, replace: true })
  return (
    <>
      <Button onClick={() => void navigate({ search: { newToken: true } })}>Make a token</Button>
      {error && !nodes && (
        <div className="mt-3">
          <Problem>{problemText(error)}</Problem>
        </div>
      )}
      {!nodes && !error && <Skeleton className="mt-4 h-13 w-full" />}
      {nodes?.length === 0 && <p className="mt-3 text-muted">There are no tokens yet.</p>}
      <ul aria-label="API tokens" className="mt-3 flex flex-col">
        {nodes?.map((node) => (
          <TokenRow key={node.id} token={node} onRevoke={() => void navigate({ search: { revoke: node.id } })} />
        ))}
      </ul>
      {newToken && <CreateTokenDialog onClose={close} />}
      {revoking && <RevokeTokenDialog id={revoking.id} name={revoking.name} onClose={close} />}
    </>
  )
}

const STATES: Record<TokenState, { tone: Tone; word: string }> = {
  active: { tone: 'ok', word: 'Active' },
  expired: { tone: 'quiet', word: 'Expired' },
  revoked: { tone: 'quiet', word: 'Revoked' },
}

interface TokenRowProps {
  token: FragmentType<typeof ApiTokenRowFragment>
  onRevoke: () => void
}

function TokenRow({ token: masked, onRevoke }: TokenRowProps) {
  const token = readFragment(ApiTokenRowFragment, masked)
  const state = useClock((now) => tokenState(token, serverNow(now)))
  const { tone, word } = STATES[state]
  return (
    <li className="flex items-center gap-4 border-t border-line py-2 last:border-b">
      <div className="min-w-0 flex-1">
        <p className="flex flex-wrap items-center gap-x-4">
          <span className={state === 'active' ? 'font-medium wrap-anywhere' : 'wrap-anywhere text-muted'}>
            {token.name}
          </span>
          <Status tone={tone}>{word}</Status>
          <span>{token.scopes.map((scope) => scope.toLowerCase()).join(', ')}</span>
        </p>
        <p className="flex flex-wrap gap-x-4 text-xs text-muted">
          <span>
            Made by {token.createdBy}, {when(token.createdAt)}
          </span>
          <span>{token.lastUsedAt ? `Last used ${when(token.lastUsedAt)}` : 'Never used'}</span>
          <span>{ending(token, state)}</span>
        </p>
      </div>
      {state === 'active' && (
        <Button kind="danger" small onClick={onRevoke}>
          Revoke…
          <span className="sr-only"> {token.name}</span>
        </Button>
      )}
    </li>
  )
}

const when = (at: string) => moment(new Date(at))

function ending(token: { expiresAt?: string | null; revokedAt?: string | null }, state: TokenState): string {
  if (token.revokedAt) return `Revoked ${when(token.revokedAt)}`
  if (!token.expiresAt) return 'Does not expire'
  return `${state === 'expired' ? 'Expired' : 'Expires'} ${when(token.expiresAt)}`
}
